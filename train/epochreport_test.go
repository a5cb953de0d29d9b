package train

import (
	"encoding/json"
	"testing"
)

// TestEpochReport says what an epoch did, to people and to programs.
func TestEpochReport(t *testing.T) {
	r := EpochReport{Epoch: 2, Of: 10, Examples: 200, Correct: 150, Loss: 0.5, Rate: 0.02, Seconds: 4}
	validated := r
	validated.Validation = &Metrics{Examples: 10, Correct: 9, Loss: 0.25}
	for _, test := range []struct {
		report     EpochReport
		text, json string
	}{
		{r, "epoch  2/10   loss 0.5000   accuracy 0.7500      4.0 s       50 images/s",
			`{"epoch":2,"loss":0.5,"accuracy":0.75,"learning_rate":0.02,"seconds":4,"images_per_second":50}`},
		{validated, "epoch  2/10   loss 0.5000   accuracy 0.7500   validation loss 0.2500 accuracy 0.9000      4.0 s       50 images/s",
			`{"epoch":2,"loss":0.5,"accuracy":0.75,"validation_loss":0.25,"validation_accuracy":0.9,"learning_rate":0.02,"seconds":4,"images_per_second":50}`},
	} {
		if got := test.report.String(); got != test.text {
			t.Errorf("found %q, expected %q", got, test.text)
		}
		if got, err := json.Marshal(test.report); err != nil || string(got) != test.json {
			t.Errorf("found %s, %v, expected %s", got, err, test.json)
		}
	}
}
