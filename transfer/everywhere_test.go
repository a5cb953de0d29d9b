package transfer_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// TestRetrainIsTheSameFromEverywhere makes sure that the same is trained on
// features wherever they come from, and that Evaluate agrees with the whole network.
func TestRetrainIsTheSameFromEverywhere(t *testing.T) {
	data, validation := sample(t, 150, 40)
	dir := t.TempDir()
	var want *model.Weights
	for _, test := range []struct {
		reason string
		memory int64
		dir    string
		source feature.Source
	}{
		{"memory", 0, "", feature.Memory},
		{"mapped", 1, "", feature.Mapped},
		{"validation mapped", 150 * 6 * 7 * 7 * 4, "", feature.Memory},
		{"kept", 0, dir, feature.Memory},
		{"from disk", 0, dir, feature.Disk},
		{"mapped from disk", 1, dir, feature.Disk},
	} {
		passes := 0
		opt := transfer.Options{Select: model.Last(2), CacheMemory: test.memory, CacheDir: test.dir,
			Progress: func(int, int) { passes++ }, Warn: func(message string) { t.Errorf("%s: %s", test.reason, message) },
			Train: train.Options{Epochs: 2, Validation: validation, Patience: 2}}
		w, result := retrain(t, small(), data, opt)
		if want == nil {
			want = w
		}
		if d := difference(w, want); d != 0 {
			t.Errorf("%s: the weights differ by %g, expected the same", test.reason, d)
		}
		if result.Features != test.source || (passes == 0) != (test.source == feature.Disk) {
			t.Errorf("%s: found features from %q after %d passes, expected %q", test.reason, result.Features, passes, test.source)
		}
		passes = 0
		metrics, err := transfer.Evaluate(t.Context(), smallnet.Of(small(), w), validation, opt)
		must(t, err)
		trunk := passes > 0 && test.dir != "" // otherwise the whole network runs, which is told too
		opt.NoCache = true
		whole, err := transfer.Evaluate(t.Context(), smallnet.Of(small(), w), validation, opt)
		must(t, err)
		if metrics.Loss != whole.Loss || metrics.Correct != whole.Correct || metrics.Examples != 40 || trunk {
			t.Errorf("%s: found %+v, of the whole network %+v; the trunk ran: %v", test.reason, metrics, whole, trunk)
		}
	}
}
