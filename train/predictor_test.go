package train_test

import (
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// TestByClass names the probabilities of a prediction.
func TestByClass(t *testing.T) {
	data, _ := sample(t, 10)
	n := &model.Network{Spec: small(), Weights: initial(t, small()), Classes: data.Classes, Prep: data.Prep}
	p, err := train.NewPredictor(n, 4)
	must(t, err)
	defer p.Close()
	must(t, p.Each(t.Context(), data, func(_ int, q train.Prediction) error {
		named, sum := p.ByClass(q), 0.0
		for _, v := range named {
			sum += v
		}
		if len(named) != 10 || named[q.Label] != q.Probability || math.Abs(sum-1) > 1e-9 {
			t.Errorf("found %v of %+v, expected the probability of each class", named, q)
		}
		return nil
	}))
}
