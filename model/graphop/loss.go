package graphop

import (
	"math"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// CrossEntropy adds the mean softmax cross-entropy of logits [N,K] and integer labels
// [N] in [0,K), a scalar float32:
//
//	loss = 1/n · Σ_i w_label(i) · ( log Σ_k exp(x_ik) − x_i,label(i) )
//
// over the n rows in use. weights are the class weights w [K]; they may change between
// runs, and nil means 1. The largest logit of a row is subtracted first so that exp
// cannot overflow. The gradient with respect to the logits is w_label · (softmax(x) −
// onehot(label)) / n (Goodfellow et al. 2016, Deep Learning, section 6.2.2.3). A label
// outside [0,K) is an ErrInput.
func CrossEntropy(s *Scope, name string, logits, labels *gorgonia.Node, weights []float32) (*gorgonia.Node, error) {
	if err := s.checkBatch(name, logits); err != nil {
		return nil, err
	}
	if len(logits.Shape()) != 2 || !slices.Equal(labels.Shape(), tensor.Shape{s.capacity}) || labels.Dtype() != tensor.Int {
		return nil, errors.Wrapf(ErrInput, "%s: found logits %v and labels %v of %v, expected [N,K] and [N] of int", name, logits.Shape(), labels.Shape(), labels.Dtype())
	}
	k := rowSize(logits.Shape())
	if weights == nil {
		weights = slices.Repeat([]float32{1}, k)
	}
	if len(weights) != k {
		return nil, errors.Wrapf(ErrInput, "%s: found %d weights, expected one for each of %d classes", name, len(weights), k)
	}
	probabilities := newBuffer(logits.Shape()) // [N,K], written by the loss, read by its gradient
	loss := gorgonia.NewF32(0)
	o := s.operator(name, "cross-entropy", tensor.ScalarShape())
	o.out = tensor.Float32
	o.want = []bool{true, false}
	o.cost.Bytes = bytes(logits.Shape(), logits.Shape())
	o.result = loss
	o.run = func(in []gorgonia.Value) error {
		mean, err := crossEntropy(probabilities.floats(), floats(in[0]), ints(in[1])[:s.rows], weights)
		*loss = gorgonia.F32(mean)
		return err
	}
	o.diff = func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
		dx, err := crossEntropyGrad(s, name+" dx", probabilities, in[1], out, grad, weights)
		return gorgonia.Nodes{dx, nil}, err
	}
	return o.apply(logits, labels)
}

// crossEntropy writes softmax(x) to p and returns the mean loss.
func crossEntropy(p, x []float32, labels []int, weights []float32) (float32, error) {
	var sum float64
	k := len(weights)
	for i, label := range labels {
		if label < 0 || label >= k {
			return 0, errors.Wrapf(ErrInput, "label of row %d: found %d, expected 0 to %d", i, label, k-1)
		}
		x, p := x[i*k:(i+1)*k], p[i*k:(i+1)*k]
		largest := x[0]
		for _, v := range x {
			if v > largest || v != v {
				largest = v
			}
		}
		var total float64
		for j, v := range x {
			e := math.Exp(float64(v - largest))
			p[j] = float32(e)
			total += e
		}
		for j := range p {
			p[j] = float32(float64(p[j]) / total)
		}
		sum += float64(weights[label]) * (math.Log(total) - float64(x[label]-largest))
	}
	return float32(sum / float64(len(labels))), nil
}

// crossEntropyGrad adds the gradient with respect to the logits. The loss is an input
// so that the gradient runs after it.
func crossEntropyGrad(s *Scope, name string, probabilities *buffer, labels, loss, grad *gorgonia.Node, weights []float32) (*gorgonia.Node, error) {
	o := s.operator(name, "cross-entropy grad", probabilities.shape)
	o.cost.Bytes = bytes(o.shape, o.shape)
	k := rowSize(o.shape)
	o.run = func(in []gorgonia.Value) error {
		p, dx, labels := probabilities.floats(), o.floats(), ints(in[1])
		mean := scalar(in[2]) / float32(s.rows)
		for i := range s.rows {
			scale := mean * weights[labels[i]]
			for j := range k {
				dx[i*k+j] = p[i*k+j] * scale
			}
			dx[i*k+labels[i]] = (p[i*k+labels[i]] - 1) * scale
		}
		return nil
	}
	return o.apply(loss, labels, grad)
}

func ints(v gorgonia.Value) []int { return v.(*tensor.Dense).Ints() }

func scalar(v gorgonia.Value) float32 { return float32(*v.(*gorgonia.F32)) }
