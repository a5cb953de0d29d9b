package graphop_test

import (
	"fmt"
	"testing"

	"github.com/lastlayer/lastlayer/internal/parallel"
)

// rowOf returns row i of an input as an input of one row; a weight is returned
// unchanged.
func rowOf(in input, first bool, i int) input {
	if !first && !in.rows {
		return in
	}
	n := in.row()
	out := in
	out.shape = append([]int{1}, in.shape[1:]...)
	out.values = in.values[i*n : (i+1)*n]
	return out
}

// TestRowAlone makes sure that a row gives the same bytes alone and in a batch, for any
// number of threads, so cached results stay valid.
func TestRowAlone(t *testing.T) {
	t.Cleanup(func() { _ = parallel.SetThreads(0) })
	cs := append(cases(), denseCase("many rows", 130, true, 0, 70, 300), denseCase("few outputs", 3, false, 0, 70, 600))
	for _, c := range cs {
		if len(c.inputs) == 2 && c.inputs[1].labels != nil {
			continue // a loss covers the whole batch
		}
		if err := parallel.SetThreads(2); err != nil {
			t.Fatal(err)
		}
		r := newRig(t, c.inputs, c.build)
		batch := r.run(t, upstream(r.y.Shape().TotalSize()))
		if err := parallel.SetThreads(1); err != nil {
			t.Fatal(err)
		}
		n := c.inputs[0].shape[0]
		size := len(batch.y) / n
		for _, i := range []int{0, n / 2, n - 1} {
			var inputs []input
			for k, in := range c.inputs {
				inputs = append(inputs, rowOf(in, k == 0, i))
			}
			one := newRig(t, inputs, c.build)
			got := one.run(t, upstream(size))
			same(t, fmt.Sprintf("%s: row %d alone and in a batch of %d", c.name, i, n), result{y: got.y}, result{y: batch.y[i*size : (i+1)*size]})
		}
	}
}
