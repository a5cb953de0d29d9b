package train

import (
	"math"

	"github.com/pkg/errors"
)

// Balanced is the setting of a Recipe that weighs classes by BalancedWeights.
const Balanced = "balanced"

// BalancedWeights returns the weights of classes with these numbers of examples:
// with N examples of K classes and n of a class, N/(K·n), so that each class has as
// much of the loss, and the mean over all examples is 1 (King and Zeng 2001,
// "Logistic Regression in Rare Events Data", Political Analysis 9(2);
// scikit-learn's class_weight="balanced"). A class without examples has 1 and does
// not count.
func BalancedWeights(counts []int) []float64 {
	examples, classes := 0, 0
	for _, n := range counts {
		if n > 0 {
			examples, classes = examples+n, classes+1
		}
	}
	weights := make([]float64, len(counts))
	for class, n := range counts {
		if weights[class] = 1; n > 0 {
			weights[class] = float64(examples) / (float64(classes) * float64(n))
		}
	}
	return weights
}

// CheckWeights returns an error unless weights is nil or has a finite number
// from 0 for each class.
func CheckWeights(weights []float64, classes int) error {
	if weights == nil {
		return nil
	}
	if len(weights) != classes {
		return errors.Errorf("class weights: found %d, expected %d, one for each class", len(weights), classes)
	}
	for class, w := range weights {
		if !(w >= 0) || math.IsInf(float64(float32(w)), 0) {
			return errors.Errorf("class weights: class %d: found %v, expected a number from 0", class, w)
		}
	}
	return nil
}

// weigh puts the weights of the classes into the loss.
func (t *Trainer) weigh(weights []float64) {
	for class := range t.weights {
		if t.weights[class] = 1; weights != nil {
			t.weights[class] = float32(weights[class])
		}
	}
}
