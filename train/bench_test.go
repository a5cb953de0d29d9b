package train_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// BenchmarkStep times one training step of the seed network, 64 images, for
// each selection, on the graph that is not cut and on the head alone.
func BenchmarkStep(b *testing.B) {
	for _, bench := range []struct {
		name      string
		selection model.Selection
		cut       bool
	}{
		{"whole", model.All(), false},
		{"last2", model.Last(2), false},
		{"last1", model.Last(1), false},
		{"last2cut", model.Last(2), true},
		{"last1cut", model.Last(1), true},
	} {
		b.Run(bench.name, func(b *testing.B) {
			spec := model.DeepMNIST()
			w, err := model.Init(spec, rand.New(rand.NewPCG(1, 1)))
			if err != nil {
				b.Fatal(err)
			}
			var opts []model.Option
			if bench.cut {
				trained, err := bench.selection.Resolve(spec)
				if err != nil {
					b.Fatal(err)
				}
				cut, err := spec.Cut(trained)
				if err != nil {
					b.Fatal(err)
				}
				opts = append(opts, model.HeadOf(cut))
			}
			net, err := model.Build(smallnet.Of(spec, w), bench.selection, opts...)
			if err != nil {
				b.Fatal(err)
			}
			t, err := train.New(net, train.NewMomentum(1e-3, 0.9), 1)
			if err != nil {
				b.Fatal(err)
			}
			data := randomExamples(net.InputShape(), 64)
			indices := make([]int, 64)
			for i := range indices {
				indices[i] = i
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := t.Step(data, indices); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// randomRows are float32 rows with labels of ten classes.
type randomRows struct {
	shape []int
	rows  [][]float32
}

var _ dataset.Examples = randomRows{}

func randomExamples(shape []int, n int) randomRows {
	rng := rand.New(rand.NewPCG(7, 7))
	size := 1
	for _, side := range shape {
		size *= side
	}
	e := randomRows{shape: shape}
	for range n {
		row := make([]float32, size)
		for i := range row {
			row[i] = rng.Float32()
		}
		e.rows = append(e.rows, row)
	}
	return e
}

func (e randomRows) Len() int            { return len(e.rows) }
func (e randomRows) ExampleShape() []int { return e.shape }
func (e randomRows) Label(i int) int     { return i % 10 }
func (e randomRows) Gather(dst []float32, indices []int) {
	for i, index := range indices {
		copy(dst[i*len(e.rows[index]):], e.rows[index])
	}
}
