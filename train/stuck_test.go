package train_test

import (
	"math"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// TestChanceLoss is ln K for even classes, and for balanced ones, and the entropy of
// the labels elsewhere.
func TestChanceLoss(t *testing.T) {
	data, _ := sample(t, 40)
	if got := train.ChanceLoss(data, nil); math.Abs(got-math.Log(10)) > 1e-12 {
		t.Errorf("found %v, expected ln 10", got)
	}
	few, _, err := data.Split(0.3, 1)
	must(t, err)
	few, err = few.Filter([]string{"0", "1", "2"})
	must(t, err)
	few.Labels = append([]int(nil), few.Labels...)
	for i := range few.Labels {
		few.Labels[i] = min(few.Labels[i], 1)
	}
	if got, want := train.ChanceLoss(few, nil), math.Log(3)-2./3*math.Log(2); math.Abs(got-want) > 1e-12 {
		t.Errorf("found %v, expected %v", got, want)
	}
	if got, want := train.ChanceLoss(few, train.BalancedWeights(few.Counts())), math.Log(2); math.Abs(got-want) > 1e-12 {
		t.Errorf("balanced: found %v, expected ln 2", got)
	}
}

// TestStuck: a network whose features are all 0 does not learn and says so; one that
// learns does not.
func TestStuck(t *testing.T) {
	data, _ := sample(t, 200)
	spec := withoutDropout()
	for _, dead := range []bool{true, false} {
		w := initial(t, spec)
		if dead {
			for i := range w.Get("fc1/b").Float32s() {
				w.Get("fc1/b").Float32s()[i] = -1000
			}
		}
		trainer := untrained(t, spec, w, model.Last(1), 16, momentum())
		if trainer.Stuck() != "" {
			t.Error("found it stuck before any training")
		}
		must(t, trainer.Fit(t.Context(), data, train.Options{Epochs: 3}))
		if says := trainer.Stuck(); strings.Contains(says, "has not learnt") != dead {
			t.Errorf("dead %v: found %q", dead, says)
		}
	}
}
