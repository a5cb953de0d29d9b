package explain

import (
	"context"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// Report is everything that a Comparison shows, as JSON or, by String, as text.
type Report struct {
	Last   int               `json:"last"` // layers that are trained
	Layers []model.LayerInfo `json:"layers"`
	Ways   []Cost            `json:"ways"`
	Proof  Proof             `json:"proof"`
	Trace  []train.TraceLine `json:"trace,omitempty"`
	BLAS   string            `json:"blas"` // what computes the matrix products
	Batch  int               `json:"batch"`
}

// Report makes the proof, times rounds steps of every way, and if trace is true
// follows one more step. Call it on a new Comparison: the ways must begin at the same
// weights. progress, which may be nil, gets the number of steps made and of all that
// will be, those of the proof included.
func (c *Comparison) Report(ctx context.Context, rounds int, trace bool, progress func(done, of int)) (Report, error) {
	r := Report{Last: c.last, BLAS: gemm.Name(), Batch: c.Batch(), Layers: c.Layers()}
	var err error
	n := len(c.ways)
	from := func(before int) func(done int) {
		return func(done int) {
			if progress != nil {
				progress(before+done, n*(1+rounds))
			}
		}
	}
	if r.Proof, err = c.Prove(ctx, from(0)); err != nil {
		return r, err
	}
	if err := c.Time(ctx, rounds, from(n)); err != nil {
		return r, err
	}
	r.Ways = c.Costs()
	if trace {
		r.Trace, err = c.Trace()
	}
	return r, err
}
