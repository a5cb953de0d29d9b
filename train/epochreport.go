package train

import (
	"encoding/json"
	"fmt"
)

// EpochReport is what one epoch did.
type EpochReport struct {
	Epoch, Of  int
	Examples   int
	Correct    int      // before each step, under dropout
	Loss       float64  // mean, as Correct
	Rate       float64  // learning rate of the last step
	Seconds    float64  // training alone, without evaluation
	Validation *Metrics // nil where there is no validation set
	Best       bool     // the smallest validation loss so far
}

// Accuracy returns the share of right answers on the training examples.
func (r EpochReport) Accuracy() float64 { return float64(r.Correct) / float64(r.Examples) }

// ImagesPerSecond returns how fast the epoch's steps were.
func (r EpochReport) ImagesPerSecond() float64 { return float64(r.Examples) / r.Seconds }

// String returns the report as a line for people.
func (r EpochReport) String() string {
	validated := ""
	if v := r.Validation; v != nil {
		validated = fmt.Sprintf("   validation loss %.4f accuracy %.4f", v.Loss, v.Accuracy())
	}
	return fmt.Sprintf("epoch %*d/%d   loss %.4f   accuracy %.4f%s   %6.1f s   %6.0f images/s",
		len(fmt.Sprint(r.Of)), r.Epoch, r.Of, r.Loss, r.Accuracy(), validated, r.Seconds, r.ImagesPerSecond())
}

// MarshalJSON returns the report as an object for programs.
func (r EpochReport) MarshalJSON() ([]byte, error) {
	line := struct {
		Epoch              int      `json:"epoch"`
		Loss               float64  `json:"loss"`
		Accuracy           float64  `json:"accuracy"`
		ValidationLoss     *float64 `json:"validation_loss,omitempty"`
		ValidationAccuracy *float64 `json:"validation_accuracy,omitempty"`
		LearningRate       float64  `json:"learning_rate"`
		Seconds            float64  `json:"seconds"`
		ImagesPerSecond    float64  `json:"images_per_second"`
	}{Epoch: r.Epoch, Loss: r.Loss, Accuracy: r.Accuracy(), LearningRate: r.Rate, Seconds: r.Seconds, ImagesPerSecond: r.ImagesPerSecond()}
	if v := r.Validation; v != nil {
		accuracy := v.Accuracy()
		line.ValidationLoss, line.ValidationAccuracy = &v.Loss, &accuracy
	}
	return json.Marshal(line)
}
