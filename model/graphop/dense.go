package graphop

import (
	"slices"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/vector"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Wants says which gradients a layer's operator has. The others are not in the graph:
// nothing is computed for frozen weights, or for an input with no trained layer below
// it.
type Wants struct {
	Input    bool
	Weights  bool // and bias
	Residual bool // ConvAdd's
}

// Dense adds y [N,out] = a(x [N,...]·w [in,out] + b [out]). x is read as [N,in],
// flattened row-major; b may be nil.
func Dense(s *Scope, name string, x, w, b *gorgonia.Node, a Activation, want Wants) (*gorgonia.Node, error) {
	return addDense(s, name, x, w, b, nil, a, want)
}

// DenseNorm is Dense with a batch normalisation between bias and activation. It has no
// gradient.
func DenseNorm(s *Scope, name string, x, w, b *gorgonia.Node, norm Norm, a Activation) (*gorgonia.Node, error) {
	return addDense(s, name, x, w, b, &norm, a, Wants{})
}

func addDense(s *Scope, name string, x, w, b *gorgonia.Node, folded *Norm, a Activation, want Wants) (*gorgonia.Node, error) {
	if err := s.checkBatch(name, x); err != nil {
		return nil, err
	}
	want.Residual = false
	if err := a.checkFused(want != Wants{}); err != nil {
		return nil, errors.Wrap(err, name)
	}
	rows, in := x.Shape()[0], rowSize(x.Shape())
	if len(w.Shape()) != 2 || w.Shape()[0] != in {
		return nil, errors.Wrapf(ErrInput, "%s: found weights %v, expected [%d,out] for input %v", name, w.Shape(), in, x.Shape())
	}
	out, inputs := w.Shape()[1], gorgonia.Nodes{x, w}
	if b != nil {
		if !slices.Equal(b.Shape(), tensor.Shape{out}) {
			return nil, errors.Wrapf(ErrInput, "%s: found bias %v, expected [%d] for weights %v", name, b.Shape(), out, w.Shape())
		}
		inputs = append(inputs, b)
	}
	kind := "dense"
	var norm *normalisation
	if folded != nil {
		var err error
		if norm, inputs, err = newNormalisation(name, folded.BatchNormInputs, folded.Eps, out, inputs); err != nil {
			return nil, err
		}
		kind += "+batch norm"
	}
	o := s.operator(name, kind+a.plus(), tensor.Shape{rows, out})
	o.want = make([]bool, len(inputs))
	o.want[0], o.want[1] = want.Input, want.Weights
	if b != nil {
		o.want[2] = want.Weights
	}
	o.cost = Cost{int64(rows) * int64(in) * int64(out), bytes(x.Shape(), w.Shape(), tensor.Shape{out}, o.shape)}
	o.run = func(v []gorgonia.Value) error {
		var bias []float32
		if b != nil {
			bias = floats(v[2])
		}
		var k *coefficients
		if norm != nil {
			k = norm.coefficients(v)
		}
		s.dense(o.floats(), floats(v[0]), floats(v[1]), bias, in, out, k, a)
		return nil
	}
	o.diff = func(v gorgonia.Nodes, y, dy *gorgonia.Node) (grads gorgonia.Nodes, err error) {
		grads = make(gorgonia.Nodes, len(v))
		dz := dy // [N,out], gradient with respect to x·w + b
		if a.kind != identity {
			if dz, err = activationGrad(s, name+" dz", a, y, dy); err != nil {
				return nil, err
			}
		}
		if want.Weights {
			if grads[1], err = denseGradW(s, name+" dW", v[0], dz); err != nil {
				return nil, err
			}
			if b != nil {
				if grads[2], err = biasGrad(s, name+" db", dz); err != nil {
					return nil, err
				}
			}
		}
		if want.Input {
			grads[0], err = denseGradX(s, name+" dx", x.Shape(), dz, v[1])
		}
		return grads, err
	}
	return o.apply(inputs...)
}

// dense computes y [n,out] = a(norm(x [n,in]·w [in,out] + b)) for the rows in use.
func (s *Scope) dense(y, x, w, b []float32, in, out int, norm *coefficients, a Activation) {
	n, beta := s.rows, float32(0)
	if b != nil {
		beta = 1
		for i := range n {
			copy(y[i*out:(i+1)*out], b)
		}
	}
	s.gemm.Sgemm(false, false, n, out, in, 1, x, in, w, out, beta, y, out)
	if norm != nil {
		for i := range n * out {
			var f vector.Finish
			norm.of(&f, i%out)
			f.Apply(y[i:i+1], y[i:i+1], nil)
		}
	}
	if a.kind != identity {
		inPieces(n*out, func(lo, hi int) { a.apply(y[lo:hi], y[lo:hi]) })
	}
}

// denseGradW adds dW [in,out] = xᵀ [in,N]·dz [N,out].
func denseGradW(s *Scope, name string, x, dz *gorgonia.Node) (*gorgonia.Node, error) {
	rows, in, out := x.Shape()[0], rowSize(x.Shape()), rowSize(dz.Shape())
	o := s.operator(name, "dense dW", tensor.Shape{in, out})
	o.cost = Cost{int64(rows) * int64(in) * int64(out), bytes(x.Shape(), dz.Shape(), o.shape)}
	o.run = func(v []gorgonia.Value) error {
		s.gemm.Sgemm(true, false, in, out, s.rows, 1, floats(v[0]), in, floats(v[1]), out, 0, o.floats(), out)
		return nil
	}
	return o.apply(x, dz)
}

// denseGradX adds dx [N,...] = dz [N,out]·wᵀ [out,in], in the shape of x.
func denseGradX(s *Scope, name string, shape tensor.Shape, dz, w *gorgonia.Node) (*gorgonia.Node, error) {
	rows, in, out := shape[0], rowSize(shape), rowSize(dz.Shape())
	o := s.operator(name, "dense dx", shape)
	o.cost = Cost{int64(rows) * int64(in) * int64(out), bytes(dz.Shape(), w.Shape(), shape)}
	o.run = func(v []gorgonia.Value) error {
		s.gemm.Sgemm(false, true, s.rows, in, out, 1, floats(v[0]), out, floats(v[1]), out, 0, o.floats(), in)
		return nil
	}
	return o.apply(dz, w)
}

// biasGrad adds db [C]: the sum of dz [N,C] or [N,C,H,W] over all but C.
func biasGrad(s *Scope, name string, dz *gorgonia.Node) (*gorgonia.Node, error) {
	channels := dz.Shape()[1]
	plane := rowSize(dz.Shape()) / channels
	o := s.operator(name, "bias grad", tensor.Shape{channels})
	o.cost.Bytes = bytes(dz.Shape(), o.shape)
	sums := make([]float64, channels)
	o.run = func(v []gorgonia.Value) error {
		sumPlanes(sums, floats(v[0])[:s.rows*channels*plane], plane)
		for c, sum := range sums {
			o.floats()[c] = float32(sum)
		}
		return nil
	}
	return o.apply(dz)
}

// sumPlanes sums dz, rows of len(sums) planes, by channel. Each plane is summed by
// vector.Sum, and the planes are added in float64.
func sumPlanes(sums []float64, dz []float32, plane int) {
	const some = 8 // channels per piece of work
	row := len(sums) * plane
	parallel.For((len(sums)+some-1)/some, func(_, i int) {
		from, to := i*some, min((i+1)*some, len(sums))
		clear(sums[from:to])
		for r := 0; r < len(dz); r += row {
			for c := from; c < to; c++ {
				if plane == 1 {
					sums[c] += float64(dz[r+c])
				} else {
					sums[c] += float64(vector.Sum(dz[r+c*plane : r+(c+1)*plane]))
				}
			}
		}
	})
}
