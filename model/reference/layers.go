package reference

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// try returns what add adds to the graph. Its calls stand in gorgonia.Must,
// whose panic becomes an error here.
func try(add func() *gorgonia.Node) (n *gorgonia.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Errorf("%v", p)
		}
	}()
	return add(), nil
}

// Conv adds the convolution of x [N,C,H,W] with w [O,C,k,k] plus b [O].
func Conv(x, w, b *gorgonia.Node, stride, pad int) (*gorgonia.Node, error) {
	return try(func() *gorgonia.Node {
		k := w.Shape()[2]
		z := gorgonia.Must(gorgonia.Conv2d(x, w, tensor.Shape{k, k}, []int{pad, pad}, []int{stride, stride}, []int{1, 1})) // [N,O,H',W']
		bias := gorgonia.Must(gorgonia.Reshape(b, tensor.Shape{1, b.Shape()[0], 1, 1}))
		return gorgonia.Must(gorgonia.BroadcastAdd(z, bias, nil, []byte{0, 2, 3}))
	})
}

// Dense adds x [N,...], flattened, times w [in,out] plus b [out].
func Dense(x, w, b *gorgonia.Node) (*gorgonia.Node, error) {
	return try(func() *gorgonia.Node {
		if rows := x.Shape()[0]; x.Dims() != 2 {
			x = gorgonia.Must(gorgonia.Reshape(x, tensor.Shape{rows, x.Shape().TotalSize() / rows})) // [N,in]
		}
		z := gorgonia.Must(gorgonia.Mul(x, w)) // [N,out]
		bias := gorgonia.Must(gorgonia.Reshape(b, tensor.Shape{1, b.Shape()[0]}))
		return gorgonia.Must(gorgonia.BroadcastAdd(z, bias, nil, []byte{0}))
	})
}

// MaxPool adds the largest value of each kernel×kernel window of x.
func MaxPool(x *gorgonia.Node, kernel, stride int) (*gorgonia.Node, error) {
	return gorgonia.MaxPool2D(x, tensor.Shape{kernel, kernel}, []int{0, 0}, []int{stride, stride})
}

// CrossEntropy adds the mean softmax cross-entropy of logits [N,K] and one-hot
// labels [N,K]:
//
//	loss = mean_i ( log Σ_k exp(z_ik) − Σ_k z_ik·label_ik ), z_ik = x_ik − max_k x_ik
//
// Subtracting the largest logit changes no value and no gradient: it only
// keeps exp from overflowing.
func CrossEntropy(logits, labels *gorgonia.Node) (*gorgonia.Node, error) {
	return try(func() *gorgonia.Node {
		largest := gorgonia.Must(gorgonia.Max(logits, 1)) // [N]
		largest = gorgonia.Must(gorgonia.Reshape(largest, tensor.Shape{logits.Shape()[0], 1}))
		z := gorgonia.Must(gorgonia.BroadcastSub(logits, largest, nil, []byte{1})) // [N,K]
		total := gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.Exp(z)), 1))    // [N]
		chosen := gorgonia.Must(gorgonia.Sum(gorgonia.Must(gorgonia.HadamardProd(z, labels)), 1))
		return gorgonia.Must(gorgonia.Mean(gorgonia.Must(gorgonia.Sub(gorgonia.Must(gorgonia.Log(total)), chosen))))
	})
}
