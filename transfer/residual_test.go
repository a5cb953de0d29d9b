package transfer_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
)

// TestResidual cuts a network with several paths below each of its layers in
// turn: training the head on what the trunk gave once, several layers' outputs
// at a time, makes the weights of training the whole graph.
func TestResidual(t *testing.T) {
	data, test := sample(t, 96, 40)
	spec := smallnet.Residual()
	for _, layer := range []string{"conv1", "bn1", "conv2", "bn2", "conv3", "down", "fc"} {
		t.Run(layer, func(t *testing.T) {
			weights := map[bool]*model.Weights{}
			losses := map[bool]float64{}
			for _, noCache := range []bool{false, true} {
				opt := transfer.Options{Select: model.Layers(layer), NoCache: noCache, Train: train.Options{Epochs: 2}}
				w, _ := retrain(t, spec, data, opt)
				weights[noCache] = w
				opt.CacheDir = t.TempDir()
				if noCache {
					opt.CacheDir = ""
				}
				metrics, err := transfer.Evaluate(t.Context(), smallnet.Of(spec, w), test, opt)
				must(t, err)
				losses[noCache] = metrics.Loss
			}
			if d := difference(weights[false], weights[true]); !(d <= 1e-5) {
				t.Errorf("the weights differ by %g, expected at most 1e-5", d)
			}
			if d := losses[false] - losses[true]; !(d <= 1e-5 && d >= -1e-5) {
				t.Errorf("the test losses differ by %g", d)
			}
		})
	}
}
