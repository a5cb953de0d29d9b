package transfer_test

import (
	"encoding/json"
	"testing"

	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// TestResultForReaders says what a retraining did, to people and to programs.
func TestResultForReaders(t *testing.T) {
	loss := 0.25
	r := transfer.Result{Trained: []string{"fc2/W"}, Frozen: []string{}, FrozenIdentical: true, SecondsFeatures: 1.5}
	read := r
	read.Features, read.TrainingLoss = feature.Disk, &loss
	exact := transfer.ExactResult{Result: read, Converged: true, Gap: 1e-9, Iterations: 7, Objective: 0.5, GradientNorm: 2e-8, Seconds: 0.5}
	for _, test := range []struct {
		result     interface{ String() string }
		text, json string
	}{
		{r, "frozen weights bit-identical: true   features computed in 1.5 s",
			`{"trained":["fc2/W"],"frozen":[],"frozen_identical":true,"seconds_features":1.5}`},
		{read, "frozen weights bit-identical: true   features read in 1.5 s\nloss of the training images, without dropout: 0.250000",
			`{"trained":["fc2/W"],"frozen":[],"frozen_identical":true,"seconds_features":1.5,"features":"disk","training_loss":0.25}`},
		{exact, "lbfgs: 7 iterations in 0.5 s   gap at most 1.0e-09, gradient norm 2.0e-08",
			`{"trained":["fc2/W"],"frozen":[],"frozen_identical":true,"seconds_features":1.5,"features":"disk","training_loss":0.25,` +
				`"converged":true,"gap":1e-9,"iterations":7,"objective":0.5,"gradient_norm":2e-8,"seconds_solver":0.5}`},
	} {
		if got := test.result.String(); got != test.text {
			t.Errorf("found %q, expected %q", got, test.text)
		}
		if got, err := json.Marshal(test.result); err != nil || string(got) != test.json {
			t.Errorf("found %s, %v, expected %s", got, err, test.json)
		}
	}
}
