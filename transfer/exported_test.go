package transfer_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
)

// TestRetrainedInONNXRuntime gives networks new classes, one that ends in a dense
// layer and one in a convolution of one pixel, retrains the output layer and
// exports them: onnxruntime has our logits.
func TestRetrainedInONNXRuntime(t *testing.T) {
	data := randomPictures(10, 96)
	for _, arch := range []string{"mobilenet_v2", "squeezenet1_1"} {
		const output = "classifier.1"
		original := zooNetwork(t, arch, 1000, 96)
		original.Prep = dataset.MNISTPreprocessing()
		n, err := transfer.WithClasses(original, []string{"ant", "bee", "cow", "dog", "eel"}, model.Last(1), 3)
		must(t, err)
		if layer, err := n.Spec.OutputLayer(); err != nil || layer.Name != output {
			t.Errorf("%s: found the output layer %q (%v), expected %q", arch, layer.Name, err, output)
		}
		before := n.Weights.Clone()
		result, err := transfer.Retrain(t.Context(), n, data, transfer.Options{Select: model.Last(1), Batch: 5, Seed: 5,
			Train: train.Options{Epochs: 2}, Solver: train.NewMomentum(0.01, 0.9)})
		must(t, err)
		checkTraining(t, result, before, n.Weights)
		net, err := model.Build(n, model.None(), model.Batch(data.Len()))
		must(t, err)
		evaluator, err := train.NewEvaluator(net)
		must(t, err)
		defer evaluator.Close()
		all := make([]int, data.Len())
		for i := range all {
			all[i] = i
		}
		logits, err := evaluator.Logits(data, all)
		must(t, err)
		path := filepath.Join(t.TempDir(), arch+".onnx")
		must(t, onnx.Write(path, n, onnx.Options{}))
		theirs, ok := peer.ONNXRuntime(t, path, data.values, data.Len(), 3, 96, 96)
		if !ok {
			t.Skip("the logits are not compared")
		}
		largest, worst := 0.0, 0.0
		for i, v := range theirs {
			largest, worst = math.Max(largest, math.Abs(float64(v))), math.Max(worst, math.Abs(float64(v)-float64(logits[i])))
		}
		t.Logf("%s: largest difference from onnxruntime %.2g of the largest logit, %.3g", arch, worst/largest, largest)
		if !(worst <= 1e-4*largest) {
			t.Errorf("%s: found a difference of %g of the largest logit, expected at most 1e-4", arch, worst/largest)
		}
	}
}
