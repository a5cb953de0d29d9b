package transfer_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

var errLost = errors.New("part.features: lost")

// losing is 60 photos of three classes, whose hashes can no longer be read once they are lost.
type losing struct{ lost bool }

func (*losing) Len() int            { return 60 }
func (l *losing) Path(i int) string { return fmt.Sprintf("%s/%02d.png", l.class(i), i) }
func (l *losing) class(i int) string {
	label, _ := l.Label(i)
	return []string{"a", "b", "c"}[label]
}
func (*losing) Label(i int) (int, dataset.Half) {
	if i%20 == 0 { // one of each class
		return i / 20, dataset.TestHalf
	}
	return i / 20, dataset.TrainHalf
}
func (l *losing) Sum(i int) [sha256.Size]byte {
	if l.lost {
		panic(dataset.Unreadable{Err: errLost})
	}
	return sha256.Sum256([]byte{byte(i)})
}

// TestUnreadable loses data before each step that prepares a training: the step returns the error.
func TestUnreadable(t *testing.T) {
	spec := model.Spec{Input: []int{3, 16, 16}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense{Out: 2}}}}
	n := smallnet.Of(spec, smallnet.Init(t, spec))
	var err error
	n.Prep, err = dataset.Preset("torchvision", spec.Input)
	must(t, err)
	n.Classes = []string{"a", "b"}
	for name, step := range map[string]func(*dataset.Set) error{
		"Fresh": func(data *dataset.Set) error { _, err := model.Fresh(spec, data, 1); return err },
		"Adapt": func(data *dataset.Set) error {
			_, _, _, err := transfer.Adapt(n, data, nil, transfer.Adaptation{Trained: model.Last(1)})
			return err
		},
		"Grow": func(data *dataset.Set) error { _, err := transfer.Grow(n, data, nil, 1); return err },
		"Begin": func(data *dataset.Set) error {
			_, _, err := (&train.Recipe{Epochs: 1, Schedule: "constant"}).Begin(data)
			return err
		},
	} {
		files := &losing{}
		data, _, err := dataset.NewFiles("photos", files, []string{"a", "b", "c"}, spec.Input, n.Prep, dataset.Options{})
		must(t, err)
		must(t, step(data))
		files.lost = true
		if err := step(data); !errors.Is(err, errLost) {
			t.Errorf("%s: found the error %v, expected %v", name, err, errLost)
		}
	}
}

// failing is a problem with one read that fails, and ends a context, once it is asked to.
type failing struct {
	*problem
	fail func() // nil: reads succeed
}

func (f *failing) Gather(dst []float32, indices []int) {
	if fail := f.fail; fail != nil {
		f.fail = nil
		fail()
		panic(dataset.Unreadable{Err: errLost})
	}
	f.problem.Gather(dst, indices)
}

// TestExactUnreadable fails a read in the search, without and together with an interrupt: Exact returns
// that error and no result, and leaves the layer as it was.
func TestExactUnreadable(t *testing.T) {
	defer func() { must(t, parallel.SetThreads(0)) }()
	must(t, parallel.SetThreads(1)) // one read at a time
	spec := model.Spec{Input: []int{20}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense{Out: 5}}}}
	for _, interrupted := range []bool{false, true} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		data := &failing{problem: issued(rand.New(rand.NewPCG(15, 1)), 1)}
		w := smallnet.Init(t, spec)
		before := w.Hash("fc/W")
		result, err := transfer.Exact(ctx, smallnet.Of(spec, w), data, transfer.ExactOptions{WeightDecay: 0.01, Iteration: func(r transfer.ExactIteration) {
			if r.Iteration != 2 {
				return
			}
			data.fail = func() {
				if interrupted {
					cancel()
				}
			}
		}})
		if !errors.Is(err, errLost) || result != nil || w.Hash("fc/W") != before {
			t.Errorf("interrupted %v: found %+v and the error %v, expected %v and the layer as it was", interrupted, result, err, errLost)
		}
	}
}
