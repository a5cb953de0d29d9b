package train

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
)

// learntShare is the share of the loss by chance that a training must come below to
// have learnt anything.
const learntShare = 0.98

// leastSteps is how many steps it takes to say that a loss stays where it is.
const leastSteps = 10

// ChanceLoss returns the least mean cross-entropy on examples, with these weights of
// the classes, nil for 1, of answers that do not depend on the example: the entropy
// of the labels, which is ln K where all K classes count alike.
func ChanceLoss(data dataset.Examples, weights []float64) float64 {
	var total float64
	sums := map[int]float64{}
	for i := range data.Len() {
		label := data.Label(i)
		weight := 1.0
		if weights != nil {
			weight = weights[label]
		}
		sums[label] += weight
		total += weight
	}
	var loss float64
	for _, label := range slices.Sorted(maps.Keys(sums)) {
		if sum := sums[label]; sum > 0 {
			loss -= sum * math.Log(sum/total)
		}
	}
	return loss / float64(data.Len())
}

// Stuck says that a training has learnt nothing, and what to try, where its loss
// stays at chance, see ChanceLoss; otherwise it returns "".
func Stuck(loss, chance float64) string {
	if !(chance > 0) || loss < learntShare*chance {
		return ""
	}
	return fmt.Sprintf("the network has not learnt: the loss stays at %.3f, that of answers by chance is %.3f; try a learning rate ten times smaller, or larger, look whether the images are prepared as what trained the network and whether the labels are right, or train more layers", loss, chance)
}

// Stuck says whether Fit has learnt by its last epoch, of ten steps or more in all: see
// the function Stuck.
func (t *Trainer) Stuck() string {
	if t.check() != nil || t.run.steps < leastSteps {
		return ""
	}
	return Stuck(t.last, t.chance)
}
