package graphop_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
)

func widePoolCases(reason string, p graphop.PoolShape, shape ...int) []opCase {
	rng := rand.New(rand.NewPCG(uint64(p.Kernel[0]), uint64(p.Stride[1])))
	x := random(rng, true, shape...)
	name := fmt.Sprintf("%v %+v", shape, p)
	return []opCase{
		simpleCase("maxpool "+name, reason, 1e-6, []input{x}, func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.MaxPool(sc, "pool", in[0], p, true)
		}, func(in []array) (array, backward) { return naiveMaxPool(in[0], p) }),
		simpleCase("averagepool "+name, reason, 1e-6, []input{x}, func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.AveragePool(sc, "pool", in[0], p, true)
		}, func(in []array) (array, backward) { return naiveAveragePool(in[0], p) }),
	}
}

func globalPoolCases() []opCase {
	x := random(rand.New(rand.NewPCG(21, 1)), true, 3, 2, 5, 7)
	p := graphop.PoolShape{Kernel: graphop.Pair{5, 7}, Stride: graphop.Both(1)}
	return []opCase{
		simpleCase("maxpool global", "one window", 0, []input{x}, func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.GlobalMaxPool(sc, "pool", in[0], true)
		}, func(in []array) (array, backward) { return naiveMaxPool(in[0], p) }),
		simpleCase("averagepool global", "one window", 1e-7, []input{x}, func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.GlobalAveragePool(sc, "pool", in[0], true)
		}, func(in []array) (array, backward) { return naiveAveragePool(in[0], p) }),
	}
}

// bareConvCase is a convolution without a bias.
func bareConvCase(reason string, x, w []int, s graphop.ConvShape) opCase {
	c := wideConvCase(reason, x, w, s, 2e-6)
	c.name, c.inputs = "conv without bias "+c.name, c.inputs[:2]
	withBias := c.naive
	c.build = func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
		return graphop.Conv(sc, "conv", in[0], in[1], nil, s, all)
	}
	c.naive = func(in []array) (array, backward) { return withBias([]array{in[0], in[1], {}}) }
	return c
}

// addConvCase is a convolution with a residual of shape r.
func addConvCase(reason string, bias bool, x, w, r []int, s graphop.ConvShape) opCase {
	c := wideConvCase(reason, x, w, s, 2e-6)
	c.name = fmt.Sprint("conv with residual ", bias, " ", c.name)
	residual := rows(random(rand.New(rand.NewPCG(22, 1)), true, r...))
	c.inputs = append(c.inputs[:2:2], residual, c.inputs[2])
	if !bias {
		c.inputs = c.inputs[:3]
	}
	want := all
	want.Residual = true
	c.build = func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
		var b *gorgonia.Node
		if bias {
			b = in[3]
		}
		return graphop.ConvAdd(sc, "conv", in[0], in[1], b, in[2], s, want)
	}
	c.naive = func(in []array) (array, backward) {
		var b array
		if bias {
			b = in[3]
		}
		sum, back := naiveConv(in[0], in[1], b, s)
		added, split := naiveAdd(sum, in[2])
		y, next := naiveActivation(added, s.Activation)
		return y, func(dy array) []array {
			d := split(next(dy)[0])
			g := back(d[0])
			return []array{g[0], g[1], d[1], g[2]}
		}
	}
	return c
}

// wideCases are convolutions and poolings that differ between the two axes.
func wideCases() []opCase {
	one, two := graphop.Both(1), graphop.Both(2)
	relu6 := graphop.Clip(0, 6)
	cs := []opCase{
		wideConvCase("a kernel, stride, pad and dilation a side", []int{2, 3, 9, 12}, []int{4, 3, 3, 2}, graphop.ConvShape{Stride: graphop.Pair{1, 2}, Pad: graphop.Pads{1, 0, 2, 3}, Dilation: graphop.Pair{2, 1}}, 2e-6),
		wideConvCase("groups", []int{2, 6, 7, 5}, []int{4, 3, 3, 3}, graphop.ConvShape{Stride: one, Pad: graphop.Around(1), Groups: 2, Activation: graphop.Rectify()}, 2e-6),
		wideConvCase("as many groups as output channels, of two input channels each", []int{2, 6, 6, 6}, []int{3, 2, 3, 3}, graphop.ConvShape{Stride: two, Pad: graphop.Around(1), Groups: 3}, 2e-6),
		wideConvCase("depthwise", []int{3, 5, 8, 7}, []int{5, 1, 3, 3}, graphop.ConvShape{Stride: one, Pad: graphop.Around(1), Groups: 5, Activation: relu6}, 2e-6),
		wideConvCase("depthwise with a stride, more images than parts", []int{9, 4, 9, 8}, []int{4, 1, 3, 3}, graphop.ConvShape{Stride: two, Pad: graphop.Around(1), Groups: 4}, 2e-6),
		wideConvCase("depthwise with two outputs a channel, dilated, other pads", []int{2, 3, 9, 8}, []int{6, 1, 3, 5}, graphop.ConvShape{Stride: graphop.Pair{1, 3}, Pad: graphop.Pads{0, 4, 3, 1}, Dilation: graphop.Pair{2, 1}, Groups: 3}, 2e-6),
		wideConvCase("depthwise, fused pooling", []int{2, 3, 8, 8}, []int{3, 1, 3, 3}, graphop.ConvShape{Stride: one, Pad: graphop.Around(1), Groups: 3, Activation: graphop.Rectify(), Pool: 2}, 2e-6),
		wideConvCase("one group, one channel", []int{2, 1, 8, 8}, []int{3, 1, 3, 3}, graphop.ConvShape{Stride: one, Groups: 1}, 2e-6),
		wideConvCase("one pixel, no patch matrix", []int{2, 9, 6, 5}, []int{7, 9, 1, 1}, graphop.ConvShape{Stride: one, Activation: relu6}, 2e-6),
		wideConvCase("one pixel, padded", []int{2, 3, 6, 5}, []int{4, 3, 1, 1}, graphop.ConvShape{Stride: one, Pad: graphop.Pads{1, 0, 0, 2}}, 2e-6),
		wideConvCase("one pixel, in groups", []int{2, 6, 4, 5}, []int{4, 3, 1, 1}, graphop.ConvShape{Stride: one, Groups: 2}, 2e-6),
		wideConvCase("one pixel, every other one", []int{2, 6, 7, 6}, []int{4, 6, 1, 1}, graphop.ConvShape{Stride: two}, 2e-6),
		wideConvCase("pooling with clipping", []int{2, 3, 8, 8}, []int{4, 3, 3, 3}, graphop.ConvShape{Stride: one, Activation: graphop.Clip(-1, 1.5), Pool: 2}, 2e-6),
		wideConvCase("pad beyond the kernel", []int{2, 2, 3, 2}, []int{3, 2, 2, 2}, graphop.ConvShape{Stride: one, Pad: graphop.Pads{3, 2, 0, 4}}, 2e-6),
		wideConvCase("taps far apart, mostly beyond the image", []int{2, 3, 6, 5}, []int{4, 3, 3, 3}, graphop.ConvShape{Stride: one, Pad: graphop.Around(40), Dilation: graphop.Both(40)}, 2e-6),
		wideConvCase("many channels, every other position", []int{3, 10, 9, 8}, []int{5, 10, 3, 3}, graphop.ConvShape{Stride: two, Pad: graphop.Pads{1, 0, 1, 2}, Activation: relu6}, 2e-6),
		wideConvCase("many channels in two groups, dilated", []int{2, 16, 9, 8}, []int{4, 8, 3, 2}, graphop.ConvShape{Stride: graphop.Pair{2, 1}, Pad: graphop.Pads{0, 3, 1, 0}, Dilation: graphop.Both(2), Groups: 2}, 2e-6),
		bareConvCase("by a patch matrix", []int{2, 3, 6, 5}, []int{4, 3, 3, 3}, graphop.ConvShape{Stride: one, Pad: graphop.Around(1), Activation: graphop.Rectify()}),
		bareConvCase("depthwise", []int{2, 3, 6, 5}, []int{3, 1, 3, 3}, graphop.ConvShape{Stride: one, Groups: 3}),
		bareConvCase("pooled", []int{2, 3, 6, 5}, []int{4, 3, 3, 3}, graphop.ConvShape{Stride: one, Activation: graphop.Rectify(), Pool: 2}),
		addConvCase("the end of a block", true, []int{3, 4, 6, 5}, []int{4, 4, 3, 3}, []int{3, 4, 6, 5}, graphop.ConvShape{Stride: one, Pad: graphop.Around(1), Activation: graphop.Rectify()}),
		addConvCase("without bias", false, []int{3, 4, 6, 5}, []int{2, 4, 1, 1}, []int{3, 2, 6, 5}, graphop.ConvShape{Stride: one}),
	}
	for _, a := range []graphop.Activation{graphop.Leaky(0.3), graphop.Sigmoid(), graphop.Tanh(), graphop.HardSigmoid(0.2, 0.5)} {
		cs = append(cs, wideConvCase("fused", []int{2, 3, 5, 5}, []int{4, 3, 3, 3}, graphop.ConvShape{Stride: one, Activation: a}, 2e-6))
	}
	for _, p := range []graphop.PoolShape{
		{Kernel: graphop.Both(3), Stride: two, Pad: graphop.Around(1)},
		{Kernel: graphop.Both(3), Stride: two, Ceil: true},
		{Kernel: graphop.Both(3), Stride: two, Pad: graphop.Around(1), Ceil: true, CountPad: true},
		{Kernel: graphop.Both(2), Stride: graphop.Both(3), Ceil: true},
		{Kernel: graphop.Both(2), Stride: two, Pad: graphop.Around(1), Ceil: true},
		{Kernel: graphop.Pair{3, 2}, Stride: graphop.Pair{1, 2}, Pad: graphop.Pads{2, 0, 1, 1}, CountPad: true},
		{Kernel: graphop.Pair{2, 3}, Stride: graphop.Pair{2, 1}, Pad: graphop.Pads{0, 1, 0, 2}, Dilation: graphop.Pair{3, 2}},
		{Kernel: graphop.Pair{2, 3}, Stride: graphop.Pair{3, 2}, Pad: graphop.Pads{1, 1, 1, 1}, Dilation: graphop.Pair{2, 2}, Ceil: true, CountPad: true},
		{Kernel: graphop.Pair{1, 8}, Stride: graphop.Pair{2, 2}, Ceil: true},
	} {
		cs = append(cs, widePoolCases("", p, 2, 3, 8, 7)...)
		cs = append(cs, widePoolCases("", p, 1, 2, 7, 10)...)
	}
	return append(cs, globalPoolCases()...)
}

// layerCases are the other layers.
func layerCases() []opCase {
	cs := []opCase{
		batchNormCase("images", graphop.Activation{}, 3, 5, 4, 3),
		batchNormCase("features", graphop.Activation{}, 7, 5),
		batchNormCase("fused relu", graphop.Rectify(), 3, 5, 4, 3),
		layerNormCase("images", 3, 5, 4, 3),
		layerNormCase("features", 5, 8),
		lrnCase("AlexNet's", graphop.LRNShape{Size: 5, Alpha: 1e-4, Beta: 0.75, Bias: 1}, 2, 8, 3, 4),
		lrnCase("an even size, strong", graphop.LRNShape{Size: 4, Alpha: 2, Beta: 0.75, Bias: 1.5}, 3, 7, 2, 2),
		lrnCase("wider than the channels", graphop.LRNShape{Size: 9, Alpha: 0.5, Beta: 1, Bias: 2}, 2, 3, 2, 2),
		preluCase("a slope a channel", 4, 3, 4, 5, 2),
		preluCase("one slope", 1, 3, 4, 5, 2),
		preluCase("features", 6, 5, 6),
		concatCase("images", []int{3, 2, 4, 3}, []int{3, 1, 4, 3}, []int{3, 4, 4, 3}),
		concatCase("features", []int{4, 3}, []int{4, 5}),
		concatCase("one input", []int{4, 3}),
		sliceCase("the first channels", 0, 2, 3, 5, 2, 3),
		sliceCase("in the middle", 1, 4, 3, 5, 2, 3),
		shuffleCase("two groups", 2, 3, 6, 2, 3),
		shuffleCase("three groups of features", 3, 4, 6),
		padCase("zeros", graphop.Pads{1, 2, 0, 3}, graphop.PadConstant, 0, 2, 3, 4, 5),
		padCase("a number", graphop.Pads{0, 1, 2, 0}, graphop.PadConstant, -2.5, 2, 3, 4, 5),
		padCase("cut off", graphop.Pads{-1, 2, 1, -2}, graphop.PadConstant, 1, 2, 3, 4, 5),
		padCase("mirrored", graphop.Pads{3, 2, 1, 4}, graphop.PadReflect, 0, 2, 3, 4, 5),
		padCase("the edge", graphop.Pads{5, 2, 1, 6}, graphop.PadEdge, 0, 2, 3, 4, 5),
		padCase("the edge, cut off", graphop.Pads{-2, 2, 1, -1}, graphop.PadEdge, 0, 2, 3, 4, 5),
	}
	flat := simpleCase("flatten", "images", 0, []input{random(rand.New(rand.NewPCG(23, 1)), true, 3, 2, 4, 5)},
		func(sc *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Flatten(sc, "flatten", in[0], true)
		},
		func(in []array) (array, backward) {
			return moved(in, []int{in[0].shape[0], 40}, 0, func(i int) (int, int) { return 0, i })
		})
	cs = append(cs, flat)
	for a := range curves {
		cs = append(cs, activationCase(a, 3, 2, 5, 7))
	}
	for _, p := range []struct {
		reason string
		rows   bool
		a, b   []int
	}{
		{"one shape", true, []int{3, 4, 5, 2}, []int{3, 4, 5, 2}},
		{"squeeze and excitation", true, []int{3, 4, 5, 2}, []int{3, 4, 1, 1}},
		{"a map over the channels", true, []int{3, 4, 5, 2}, []int{3, 1, 5, 2}},
		{"a number a row", true, []int{3, 4, 5, 2}, []int{3, 1, 1, 1}},
		{"a constant a channel", false, []int{3, 4, 5, 2}, []int{4, 1, 1}},
		{"the same with its rank", false, []int{3, 4, 5, 2}, []int{1, 4, 1, 1}},
		{"a number", false, []int{3, 4, 5, 2}, []int{1}},
		{"a constant a column", false, []int{3, 4, 5, 2}, []int{2}},
		{"every other side", false, []int{3, 4, 5, 2}, []int{1, 4, 1, 2}},
		{"a constant of a row's shape", false, []int{3, 4, 5, 2}, []int{4, 5, 2}},
		{"features", true, []int{5, 6}, []int{5, 6}},
		{"a constant a feature", false, []int{5, 6}, []int{6}},
		{"rank 3", true, []int{3, 4, 5}, []int{3, 4, 5}},
	} {
		cs = append(cs, pairCases(p.reason, p.rows, p.a, p.b)...)
	}
	return cs
}
