package graphop_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/lastlayer/lastlayer/model/reference"
	"gorgonia.org/gorgonia"
)

// opCase is an operator with random inputs and the references to compare it with.
type opCase struct {
	name   string
	reason string
	inputs []input
	build  buildFunc
	naive  func(in []array) (array, backward)
	stock  func(in []*gorgonia.Node) (*gorgonia.Node, error) // Gorgonia's own operator; nil if it has no correct one
	tol    float64                                           // float32 against float64
	spread bool                                              // NaN also spreads to neighbours of the places where it must appear
}

// spreading marks a convolution computed in tiles, where NaN spreads to the whole tile.
func spreading(c opCase) opCase {
	c.spread = true
	return c
}

// all are the wants of a trained layer above other trained layers.
var all = graphop.Wants{Input: true, Weights: true}

// convCase is a convolution of x [n,c,h,w] to out channels with a square kernel, which
// Gorgonia also supports.
func convCase(reason string, n, c, h, w, out, kernel int, s graphop.ConvShape, tol float64) opCase {
	oc := wideConvCase(reason, []int{n, c, h, w}, []int{out, c, kernel, kernel}, s, tol)
	oc.stock = func(in []*gorgonia.Node) (*gorgonia.Node, error) {
		y, err := reference.Conv(in[0], in[1], in[2], s.Stride[0], s.Pad[0])
		if s.Activation == graphop.Rectify() && err == nil {
			y, err = gorgonia.Rectify(y)
		}
		if s.Pool > 1 && err == nil {
			y, err = reference.MaxPool(y, s.Pool, s.Pool)
		}
		return y, err
	}
	return oc
}

// wideConvCase is a convolution of any shape, of x with kernels w.
func wideConvCase(reason string, x, w []int, s graphop.ConvShape, tol float64) opCase {
	rng := rand.New(rand.NewPCG(uint64(x[2]*x[3]+w[0]), uint64(w[3])))
	return opCase{
		name:   fmt.Sprintf("conv %v %v s%v p%v d%v g%d %v pool%d", x, w, s.Stride, s.Pad, s.Dilation, s.Groups, s.Activation, s.Pool),
		reason: reason,
		inputs: []input{random(rng, true, x...), random(rng, true, w...), random(rng, true, w[0])},
		build: func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Conv(sc, "conv", in[0], in[1], in[2], s, all)
		},
		naive: func(in []array) (array, backward) {
			y, back := naiveConv(in[0], in[1], in[2], s)
			if s.Activation != (graphop.Activation{}) {
				y, back = then(back)(naiveActivation(y, s.Activation))
			}
			if s.Pool > 1 {
				y, back = then(back)(naiveMaxPool(y, square(s.Pool, s.Pool)))
			}
			return y, back
		},
		tol: tol,
	}
}

// square is a pooling with kernel×kernel windows and no padding.
func square(kernel, stride int) graphop.PoolShape {
	return graphop.PoolShape{Kernel: graphop.Both(kernel), Stride: graphop.Both(stride)}
}

// then applies an operator after the one that back belongs to.
func then(back backward) func(array, backward) (array, backward) {
	return func(y array, next backward) (array, backward) {
		return y, func(dy array) []array { return back(next(dy)[0]) }
	}
}

func denseCase(reason string, out int, relu bool, tol float64, x ...int) opCase {
	rng := rand.New(rand.NewPCG(uint64(out), uint64(len(x))))
	in := input{shape: x}.row()
	var a graphop.Activation
	if relu {
		a = graphop.Rectify()
	}
	return opCase{
		name:   fmt.Sprintf("dense %v-%d relu=%v", x, out, relu),
		reason: reason,
		inputs: []input{random(rng, true, x...), random(rng, true, in, out), random(rng, true, out)},
		build: func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Dense(sc, "dense", in[0], in[1], in[2], a, all)
		},
		naive: func(in []array) (array, backward) {
			y, back := naiveDense(in[0], in[1], in[2])
			if relu {
				y, back = then(back)(naiveActivation(y, graphop.Rectify()))
			}
			return y, back
		},
		stock: func(in []*gorgonia.Node) (*gorgonia.Node, error) {
			y, err := reference.Dense(in[0], in[1], in[2])
			if relu && err == nil {
				y, err = gorgonia.Rectify(y)
			}
			return y, err
		},
		tol: tol,
	}
}

func reluCase(reason string, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(7, uint64(len(shape))))
	return opCase{
		name: fmt.Sprint("relu ", shape), reason: reason, inputs: []input{random(rng, true, shape...)},
		build: func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.ReLU(sc, "relu", in[0], true)
		},
		naive: func(in []array) (array, backward) { return naiveActivation(in[0], graphop.Rectify()) },
		stock: func(in []*gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.Rectify(in[0]) },
	}
}

func poolCase(reason string, kernel, stride int, tol float64, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(uint64(kernel), uint64(stride)))
	return opCase{
		name: fmt.Sprintf("maxpool %v k%d s%d", shape, kernel, stride), reason: reason,
		inputs: []input{random(rng, true, shape...)},
		build: func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.MaxPool(sc, "pool", in[0], square(kernel, stride), true)
		},
		naive: func(in []array) (array, backward) { return naiveMaxPool(in[0], square(kernel, stride)) },
		stock: func(in []*gorgonia.Node) (*gorgonia.Node, error) {
			return reference.MaxPool(in[0], kernel, stride)
		},
		tol: tol,
	}
}

func maskCase(reason string, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(8, uint64(len(shape))))
	mask := input{shape: shape, rows: true, values: make([]float32, input{shape: shape}.shape.TotalSize())}
	for i := range mask.values {
		mask.values[i] = float32(2 * rng.IntN(2))
	}
	return opCase{
		name: fmt.Sprint("mask ", shape), reason: reason, inputs: []input{random(rng, true, shape...), mask},
		build: func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Mask(sc, "mask", in[0], in[1], true)
		},
		naive: func(in []array) (array, backward) { return naiveMask(in[0], in[1]) },
		stock: func(in []*gorgonia.Node) (*gorgonia.Node, error) { return gorgonia.HadamardProd(in[0], in[1]) },
	}
}

// lossCase is the cross-entropy of n rows of k logits, drawn with standard deviation
// spread. Gorgonia has no such operator; see model/reference and the tests of model.
func lossCase(reason string, n, k int, spread float32, tol float64) opCase {
	rng := rand.New(rand.NewPCG(uint64(n), uint64(k)))
	x := random(rng, true, n, k)
	labels := make([]int, n)
	for i := range x.values {
		x.values[i] *= spread
	}
	for i := range labels {
		labels[i] = rng.IntN(k)
	}
	return opCase{
		name: fmt.Sprintf("cross-entropy %dx%d spread %g", n, k, spread), reason: reason,
		inputs: []input{x, {shape: []int{n}, labels: labels}},
		build: func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.CrossEntropy(sc, "loss", in[0], in[1], nil)
		},
		naive: func(in []array) (array, backward) { return naiveCrossEntropy(in[0], labels[:in[0].shape[0]], nil) },
		tol:   tol,
	}
}

// weighted is a lossCase with class weights.
func weighted(c opCase) opCase {
	labels := c.inputs[1].labels
	weights := make([]float32, c.inputs[0].shape[1])
	for i := range weights {
		weights[i] = 0.25 * float32(i*i)
	}
	c.name += " weighted"
	c.build = func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
		return graphop.CrossEntropy(sc, "loss", in[0], in[1], weights)
	}
	c.naive = func(in []array) (array, backward) { return naiveCrossEntropy(in[0], labels[:in[0].shape[0]], weights) }
	return c
}

// cases returns every operator with every option.
func cases() []opCase {
	cs := []opCase{
		convCase("a batch of one", 1, 2, 8, 9, 3, 3, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(1), Activation: graphop.Rectify(), Pool: 2}, 1e-6),
		convCase("more images than parts, and no multiple of them", 19, 1, 6, 5, 2, 3, graphop.ConvShape{Stride: graphop.Both(1)}, 2e-6),
		convCase("channels that are no multiple of a vector", 3, 5, 10, 7, 33, 3, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(1), Activation: graphop.Rectify()}, 2e-6),
		convCase("a kernel larger than the image without its padding", 2, 2, 3, 4, 3, 5, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(2)}, 1e-6),
		convCase("a stride that leaves rows out", 2, 2, 11, 13, 3, 1, graphop.ConvShape{Stride: graphop.Both(4), Activation: graphop.Rectify()}, 1e-6),
		convCase("taps that lie beyond the image for all positions", 2, 2, 2, 1, 3, 5, graphop.ConvShape{Stride: graphop.Both(2), Pad: graphop.Around(2)}, 1e-6),
		convCase("the largest pooling window", 2, 1, 16, 31, 2, 1, graphop.ConvShape{Stride: graphop.Both(1), Pool: 15}, 1e-6),
		convCase("an output of one pixel", 2, 3, 4, 4, 2, 4, graphop.ConvShape{Stride: graphop.Both(1), Activation: graphop.Rectify()}, 1e-6),
		convCase("conv1 of the seed network", 4, 1, 28, 28, 32, 5, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(2), Activation: graphop.Rectify(), Pool: 2}, 2e-6),
		spreading(convCase("conv2 of the seed network, by winograd's transforms", 3, 32, 14, 14, 64, 5, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(2), Activation: graphop.Rectify(), Pool: 2}, 2e-5)),
		spreading(convCase("winograd, channels that fill no vector, without pooling", 2, 9, 11, 8, 19, 5, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(1), Activation: graphop.Rectify()}, 2e-5)),
		spreading(convCase("winograd, other pooling, more images than parts", 9, 8, 12, 9, 8, 5, graphop.ConvShape{Stride: graphop.Both(1), Pool: 3}, 2e-5)),
		spreading(convCase("winograd, an image lower than the padding", 2, 8, 1, 9, 8, 5, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(4)}, 2e-5)),
		spreading(convCase("winograd, an image narrower than the kernel", 2, 8, 8, 2, 9, 5, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(2)}, 2e-5)),
		spreading(convCase("winograd, 3×3", 3, 17, 8, 7, 18, 3, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(1), Activation: graphop.Rectify()}, 2e-5)),
		spreading(convCase("winograd, a gradient that the threads share", 2, 168, 7, 8, 176, 3, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(1), Activation: graphop.Rectify()}, 2e-5)),
		denseCase("x of rank 2", 7, false, 2e-6, 5, 11),
		denseCase("x of rank 2, with ReLU", 7, true, 2e-6, 5, 11),
		denseCase("x of rank 4 is flattened", 6, false, 2e-6, 3, 2, 4, 5),
		denseCase("x of rank 4, with ReLU", 6, true, 2e-6, 3, 2, 4, 5),
		denseCase("a batch of one", 5, true, 2e-6, 1, 9),
		denseCase("one input, one output", 1, false, 2e-6, 4, 1),
		denseCase("large enough for more than one thread", 200, true, 5e-6, 33, 300),
		reluCase("rank 2", 5, 7),
		reluCase("rank 4", 3, 2, 5, 4),
		poolCase("windows side by side", 2, 2, 0, 3, 2, 6, 8),
		poolCase("windows that overlap", 3, 2, 1e-7, 3, 2, 7, 9),
		poolCase("windows that overlap all but one row", 3, 1, 1e-6, 2, 3, 6, 5),
		poolCase("windows with gaps", 2, 3, 0, 2, 2, 9, 11),
		poolCase("sizes that the window does not divide", 3, 3, 0, 2, 2, 8, 10),
		poolCase("the window is the image", 5, 5, 0, 2, 2, 5, 5),
		poolCase("a window of one", 1, 1, 0, 2, 2, 3, 4),
		maskCase("rank 2", 5, 7),
		maskCase("rank 4", 3, 2, 5, 4),
		weighted(lossCase("weights of the classes, one of them 0", 33, 5, 3, 1e-6)),
		lossCase("ordinary logits", 6, 10, 1, 1e-7),
		lossCase("two classes", 5, 2, 1, 1e-7),
		lossCase("one class: the loss is 0", 3, 1, 1, 0),
		lossCase("exp of such logits overflows", 6, 10, 1000, 1e-7),
	}
	for _, kernel := range []int{1, 3, 5} {
		for _, stride := range []int{1, 2} {
			for _, pad := range []int{0, 1, 2} {
				for _, pool := range []int{1, 2, 3} {
					for _, a := range []graphop.Activation{{}, graphop.Rectify()} {
						cs = append(cs, convCase("every setting, on images that are not square and that the pool does not divide",
							3, 2, 10, 13, 4, kernel, graphop.ConvShape{Stride: graphop.Both(stride), Pad: graphop.Around(pad), Activation: a, Pool: pool}, 2e-6))
					}
				}
			}
		}
	}
	return append(append(cs, wideCases()...), layerCases()...)
}
