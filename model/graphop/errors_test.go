package graphop_test

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// blank returns an input of zeros.
func blank(shape ...int) input {
	in := input{shape: shape}
	in.values = make([]float32, in.shape.TotalSize())
	return in
}

// TestBuildErrors makes sure that adding an operator to unsuitable inputs fails, with a
// message that names the input and what was expected.
func TestBuildErrors(t *testing.T) {
	conv := func(c graphop.ConvShape) buildFunc {
		return func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.Conv(s, "op", in[0], in[1], in[2], c, all)
		}
	}
	plain := conv(graphop.ConvShape{Stride: graphop.Both(1)})
	dense := func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
		return graphop.Dense(s, "op", in[0], in[1], in[2], graphop.Rectify(), all)
	}
	relu := func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
		return graphop.ReLU(s, "op", in[0], true)
	}
	mask := func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
		return graphop.Mask(s, "op", in[0], in[1], true)
	}
	pool := func(kernel, stride int) buildFunc {
		return func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.MaxPool(s, "op", in[0], square(kernel, stride), true)
		}
	}
	loss := func(s *graphop.Scope, in []*gorgonia.Node) (*gorgonia.Node, error) {
		return graphop.CrossEntropy(s, "op", in[0], in[1], nil)
	}
	labels := func(n int) input { return input{shape: []int{n}, labels: make([]int, n)} }
	image := blank(2, 3, 8, 8)
	for _, test := range []struct {
		reason string
		build  buildFunc
		inputs []input
		says   string
	}{
		{"conv: rank of the input", plain, []input{blank(2, 192), blank(4, 3, 3, 3), blank(4)}, "expected [N,C,H,W]"},
		{"conv: rows", plain, []input{blank(5, 3, 8, 8), blank(4, 3, 3, 3), blank(4)}, "expected [2,...]"},
		{"conv: channels", plain, []input{image, blank(4, 2, 3, 3), blank(4)}, "(4, 2, 3, 3)"},
		{"conv: groups that do not divide the kernels", conv(graphop.ConvShape{Stride: graphop.Both(1), Groups: 3}), []input{image, blank(4, 1, 3, 3), blank(4)}, "groups 3"},
		{"conv: groups that do not divide the channels", conv(graphop.ConvShape{Stride: graphop.Both(1), Groups: 2}), []input{image, blank(4, 1, 3, 3), blank(4)}, "groups 2"},
		{"conv: groups below 0", conv(graphop.ConvShape{Stride: graphop.Both(1), Groups: -1}), []input{image, blank(4, 3, 3, 3), blank(4)}, "groups"},
		{"conv: a dilated kernel larger than the image", conv(graphop.ConvShape{Stride: graphop.Both(1), Dilation: graphop.Pair{1, 4}}), []input{image, blank(4, 3, 3, 3), blank(4)}, "dilation [1 4]"},
		{"conv: dilation along one axis alone", conv(graphop.ConvShape{Stride: graphop.Both(1), Dilation: graphop.Pair{1, 0}}), []input{image, blank(4, 3, 3, 3), blank(4)}, "dilation [1 0]"},
		{"conv: pad below 0 on one side", conv(graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Pads{0, 0, 0, -1}}), []input{image, blank(4, 3, 3, 3), blank(4)}, "pad [0 0 0 -1]"},
		{"conv: clip with the ends turned", conv(graphop.ConvShape{Stride: graphop.Both(1), Activation: graphop.Clip(6, 0)}), []input{image, blank(4, 3, 3, 3), blank(4)}, "clip to [6,0]"},
		{"conv: no derivative from the output", conv(graphop.ConvShape{Stride: graphop.Both(1), Activation: graphop.SiLU()}), []input{image, blank(4, 3, 3, 3), blank(4)}, "found silu fused"},
		{"conv: pooling behind an activation that is not monotone", conv(graphop.ConvShape{Stride: graphop.Both(1), Activation: graphop.Leaky(0.1), Pool: 2}), []input{image, blank(4, 3, 3, 3), blank(4)}, "behind leaky relu"},
		{"conv: rank of the kernel", plain, []input{image, blank(4, 27), blank(4)}, "[O,C/groups,kh,kw]"},
		{"conv: bias too short", plain, []input{image, blank(4, 3, 3, 3), blank(3)}, "bias (3), expected [4]"},
		{"conv: bias too long", plain, []input{image, blank(4, 3, 3, 3), blank(5)}, "bias (5), expected [4]"},
		{"conv: bias of rank 2", plain, []input{image, blank(4, 3, 3, 3), blank(4, 1)}, "expected [4]"},
		{"conv: kernel larger than the image", plain, []input{image, blank(4, 3, 9, 9), blank(4)}, "do not fit"},
		{"conv: stride 0", conv(graphop.ConvShape{}), []input{image, blank(4, 3, 3, 3), blank(4)}, "stride [0 0]"},
		{"conv: pad below 0", conv(graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(-1)}), []input{image, blank(4, 3, 3, 3), blank(4)}, "pad [-1 -1 -1 -1]"},
		{"conv: window too large for a byte", conv(graphop.ConvShape{Stride: graphop.Both(1), Pool: 16}), []input{image, blank(4, 3, 3, 3), blank(4)}, "pool 16"},
		{"conv: window larger than the sum", conv(graphop.ConvShape{Stride: graphop.Both(1), Pool: 7}), []input{image, blank(4, 3, 3, 3), blank(4)}, "6×6"},
		{"dense: rows", dense, []input{blank(3, 5), blank(5, 4), blank(4)}, "expected [2,...]"},
		{"dense: inputs", dense, []input{blank(2, 5), blank(6, 4), blank(4)}, "expected [5,out]"},
		{"dense: outputs", dense, []input{blank(2, 5), blank(5, 4), blank(3)}, "found bias (3), expected [4]"},
		{"dense: rank of the weights", dense, []input{blank(2, 5), blank(5), blank(1)}, "expected [5,out]"},
		{"dense: rank of the bias", dense, []input{blank(2, 5), blank(5, 4), blank(1, 4)}, "expected [4]"},
		{"relu: rows", relu, []input{blank(1, 5)}, "expected [2,...]"},
		{"relu: labels", relu, []input{labels(2)}, "of int"},
		{"mask: shape", mask, []input{blank(2, 5), blank(2, 4)}, "found mask (2, 4)"},
		{"mask: rank", mask, []input{blank(2, 1), blank(2)}, "found mask (2)"},
		{"maxpool: rank", pool(2, 2), []input{blank(2, 16)}, "found input (2, 16)"},
		{"maxpool: window", pool(9, 1), []input{image}, "window [9 9]"},
		{"maxpool: no window", pool(0, 1), []input{image}, "window [0 0]"},
		{"maxpool: stride", pool(2, 0), []input{image}, "stride [0 0]"},
		{"loss: rank of the logits", loss, []input{image, labels(2)}, "[N,K]"},
		{"loss: labels too few", loss, []input{blank(2, 5), labels(1)}, "labels (1)"},
		{"loss: labels not whole numbers", loss, []input{blank(2, 5), blank(2)}, "of float32"},
	} {
		s := graphop.NewScope(gorgonia.NewGraph(), 2)
		var in []*gorgonia.Node
		for i, x := range test.inputs {
			in = append(in, variable(s.Graph(), string(rune('a'+i)), x))
		}
		_, err := test.build(s, in)
		switch {
		case errors.Cause(err) != graphop.ErrInput:
			t.Errorf("%s: found error %v, expected ErrInput", test.reason, err)
		case !strings.HasPrefix(err.Error(), "op: ") || !strings.Contains(err.Error(), test.says):
			t.Errorf("%s: found error %q, expected it to begin with the name and to say %q", test.reason, err, test.says)
		}
	}
}

// TestScalarInput makes sure that a scalar in place of a batch is an error.
func TestScalarInput(t *testing.T) {
	s := graphop.NewScope(gorgonia.NewGraph(), 2)
	x := gorgonia.NewScalar(s.Graph(), tensor.Float32, gorgonia.WithName("x"))
	if _, err := graphop.ReLU(s, "relu", x, true); errors.Cause(err) != graphop.ErrInput {
		t.Errorf("found error %v, expected ErrInput", err)
	}
}

// TestRunErrors makes sure that running an operator on values that do not fit their
// nodes fails. Gorgonia binds some of them silently.
func TestRunErrors(t *testing.T) {
	s := graphop.NewScope(gorgonia.NewGraph(), 2)
	x := variable(s.Graph(), "x", blank(2, 3))
	w := variable(s.Graph(), "w", blank(3, 4))
	b := variable(s.Graph(), "b", blank(4))
	y, err := graphop.Dense(s, "fc", x, w, b, graphop.Activation{}, all)
	if err != nil {
		t.Fatal(err)
	}
	dense := y.Op().(*graphop.Operator)
	of := func(shape ...int) gorgonia.Value {
		return tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
	}
	transposed := tensor.New(tensor.WithShape(4, 3), tensor.Of(tensor.Float32))
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	view, err := tensor.New(tensor.WithShape(2, 6), tensor.Of(tensor.Float32)).Slice(nil, gorgonia.S(0, 3))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		reason string
		in     []gorgonia.Value
		says   string
	}{
		{"too few", []gorgonia.Value{of(2, 3)}, "found 1 inputs, expected 3"},
		{"none", []gorgonia.Value{nil, of(3, 4), of(4)}, "input 0: found nothing"},
		{"rows", []gorgonia.Value{of(1, 3), of(3, 4), of(4)}, "input 0: found shape (1, 3) of float32, expected shape (2, 3)"},
		{"rank", []gorgonia.Value{of(2, 3, 1), of(3, 4), of(4)}, "input 0: found shape (2, 3, 1)"},
		{"weights", []gorgonia.Value{of(2, 3), of(4, 3), of(4)}, "input 1: found shape (4, 3)"},
		{"a scalar", []gorgonia.Value{of(2, 3), gorgonia.NewF32(1), of(4)}, "input 1: found shape ()"},
		{"float64", []gorgonia.Value{tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float64)), of(3, 4), of(4)}, "of float64"},
		{"transposed", []gorgonia.Value{of(2, 3), transposed, of(4)}, "input 1: found a view"},
		{"a view", []gorgonia.Value{view, of(3, 4), of(4)}, "input 0: found a view"},
	} {
		_, err := dense.Do(test.in...)
		if errors.Cause(err) != graphop.ErrInput || !strings.Contains(err.Error(), "fc") || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: found error %v, expected ErrInput that says %q", test.reason, err, test.says)
		}
	}
}

// TestLabels makes sure that a label out of range is an error that names the row, also
// through Gorgonia's machine, and that the graph runs again afterwards.
func TestLabels(t *testing.T) {
	for _, label := range []int{-1, 5, 1 << 40} {
		c := lossCase("", 4, 5, 1, 0)
		r := newRig(t, c.inputs, c.build)
		r.inputs[1].labels[2] = label
		err := r.try([]float32{1})
		if err == nil || !strings.Contains(err.Error(), "label of row 2") || !strings.Contains(err.Error(), "expected 0 to 4") {
			t.Errorf("label %d: found error %v, expected one that names row 2 and the range", label, err)
		}
		_, err = r.y.Op().(*graphop.Operator).Do(r.in[0].Value(), r.in[1].Value())
		if errors.Cause(err) != graphop.ErrInput {
			t.Errorf("label %d: found error %v, expected ErrInput", label, err)
		}
		r.inputs[1].labels[2] = 0
		if err := r.try([]float32{1}); err != nil {
			t.Errorf("label %d: the next run fails: %v", label, err)
		}
	}
}
