package graphop_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
)

// simpleCase is an operator with these inputs.
func simpleCase(name, reason string, tol float64, inputs []input, build buildFunc, naive func(in []array) (array, backward)) opCase {
	return opCase{name: name, reason: reason, tol: tol, inputs: inputs, build: build, naive: naive}
}

// rows marks inputs that have one row per row of the batch.
func rows(in input) input {
	in.rows = true
	return in
}

// positive returns an input of values from 0.1 to 2, without a gradient.
func positive(rng *rand.Rand, n int) input {
	in := blank(n)
	for i := range in.values {
		in.values[i] = 0.1 + 1.9*rng.Float32()
	}
	return in
}

func activationCase(a graphop.Activation, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(11, 1))
	x := random(rng, true, shape...)
	for i := range x.values {
		x.values[i] *= 3
	}
	return simpleCase(fmt.Sprintf("%v %#v %v", a, a, shape), "alone", 3e-7, []input{x},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Activate(sc, "activation", in[0], a, true)
		},
		func(in []array) (array, backward) { return naiveActivation(in[0], a) })
}

func batchNormCase(reason string, a graphop.Activation, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(12, uint64(len(shape))))
	c := shape[1]
	return simpleCase(fmt.Sprintf("batchnorm %v %v", shape, a), reason, 1e-6,
		[]input{random(rng, true, shape...), random(rng, false, c), positive(rng, c), random(rng, true, c), random(rng, true, c)},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.BatchNorm(sc, "bn", in[0], graphop.BatchNormInputs{Mean: in[1], Variance: in[2], Scale: in[3], Bias: in[4]}, 1e-5, a, all)
		},
		func(in []array) (array, backward) {
			y, back := naiveBatchNorm(in[0], in[1], in[2], in[3], in[4], 1e-5)
			z, next := naiveActivation(y, a)
			return z, func(dy array) []array { return back(next(dy)[0]) }
		})
}

func layerNormCase(reason string, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(13, uint64(len(shape))))
	return simpleCase(fmt.Sprint("layernorm ", shape), reason, 1e-6,
		[]input{random(rng, true, shape...), random(rng, true, shape[1]), random(rng, true, shape[1])},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.LayerNorm(sc, "ln", in[0], in[1], in[2], 1e-6, all)
		},
		func(in []array) (array, backward) { return naiveLayerNorm(in[0], in[1], in[2], 1e-6) })
}

func lrnCase(reason string, l graphop.LRNShape, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(14, uint64(l.Size)))
	return simpleCase(fmt.Sprintf("lrn %v %+v", shape, l), reason, 1e-6, []input{random(rng, true, shape...)},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.LRN(sc, "lrn", in[0], l, true)
		},
		func(in []array) (array, backward) { return naiveLRN(in[0], l) })
}

func preluCase(reason string, slopes int, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(15, uint64(slopes)))
	return simpleCase(fmt.Sprintf("prelu %v %d", shape, slopes), reason, 1e-6,
		[]input{random(rng, true, shape...), random(rng, true, slopes)},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.PReLU(sc, "prelu", in[0], in[1], all)
		},
		func(in []array) (array, backward) { return naivePReLU(in[0], in[1]) })
}

// pairCases are an addition and a multiplication of a and b, each also with the
// operands swapped.
func pairCases(reason string, bRows bool, a, b []int) (cs []opCase) {
	rng := rand.New(rand.NewPCG(16, uint64(len(b))))
	both := graphop.Operands{A: true, B: true}
	x, y := random(rng, true, a...), random(rng, true, b...)
	y.rows = bRows
	name := fmt.Sprint(a, " ", b)
	for _, act := range []graphop.Activation{{}, graphop.Rectify()} {
		cs = append(cs, simpleCase("add "+name+" "+act.String(), reason, 2e-6, []input{x, y},
			func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
				return graphop.Add(sc, "add", in[0], in[1], act, both)
			},
			func(in []array) (array, backward) {
				z, back := naiveAdd(in[0], in[1])
				return then(back)(naiveActivation(z, act))
			}))
	}
	cs = append(cs, simpleCase("multiply "+name, reason, 2e-6, []input{x, y},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Multiply(sc, "multiply", in[0], in[1], both)
		},
		func(in []array) (array, backward) { return naiveMultiply(in[0], in[1]) }))
	if bRows {
		cs = append(cs, simpleCase("multiply the other way round "+name, reason, 2e-6, []input{rows(y), rows(x)},
			func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
				return graphop.Multiply(sc, "multiply", in[0], in[1], both)
			},
			func(in []array) (array, backward) { return swapped(naiveMultiply)(in[0], in[1]) }))
	}
	return cs
}

func concatCase(reason string, shapes ...[]int) opCase {
	rng := rand.New(rand.NewPCG(17, uint64(len(shapes))))
	var inputs []input
	grads := make([]bool, len(shapes))
	for i, shape := range shapes {
		inputs, grads[i] = append(inputs, rows(random(rng, true, shape...))), true
	}
	return simpleCase(fmt.Sprint("concat ", shapes), reason, 0, inputs,
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Concat(sc, "concat", in, grads)
		}, naiveConcat)
}

func sliceCase(reason string, from, to int, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(18, uint64(from)))
	return simpleCase(fmt.Sprintf("slice %v [%d,%d)", shape, from, to), reason, 0, []input{random(rng, true, shape...)},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Slice(sc, "slice", in[0], from, to, true)
		},
		func(in []array) (array, backward) { return naiveSlice(in[0], from, to) })
}

func shuffleCase(reason string, groups int, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(19, uint64(groups)))
	return simpleCase(fmt.Sprintf("shuffle %v %d", shape, groups), reason, 0, []input{random(rng, true, shape...)},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.ChannelShuffle(sc, "shuffle", in[0], groups, true)
		},
		func(in []array) (array, backward) { return naiveShuffle(in[0], groups) })
}

func padCase(reason string, p graphop.Pads, mode graphop.PadMode, value float32, shape ...int) opCase {
	rng := rand.New(rand.NewPCG(20, uint64(mode)))
	return simpleCase(fmt.Sprintf("pad %v %v %v %g", shape, p, mode, value), reason, 1e-6, []input{random(rng, true, shape...)},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Pad(sc, "pad", in[0], p, mode, value, true)
		},
		func(in []array) (array, backward) { return naivePad(in[0], p, mode, float64(value)) })
}
