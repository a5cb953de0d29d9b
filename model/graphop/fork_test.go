package graphop_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// forked builds y = (relu(x) + x)·σ(x)·x from x with four readers. The last one wants
// no gradient; the first two share a second fork.
func forked(s *graphop.Scope, in []*gorgonia.Node) (y *gorgonia.Node, err error) {
	both := graphop.Operands{A: true, B: true}
	xs, err := graphop.Fork(s, "fork", in[0], 3, true)
	if err != nil {
		return nil, err
	}
	again, err := graphop.Fork(s, "again", xs[0], 2, true)
	if err != nil {
		return nil, err
	}
	a, err := graphop.ReLU(s, "relu", again[0], true)
	if err != nil {
		return nil, err
	}
	if a, err = graphop.Add(s, "add", a, again[1], graphop.Activation{}, both); err != nil {
		return nil, err
	}
	b, err := graphop.Activate(s, "gate", xs[1], graphop.Sigmoid(), true)
	if err != nil {
		return nil, err
	}
	if y, err = graphop.Multiply(s, "gated", a, b, both); err != nil {
		return nil, err
	}
	return graphop.Multiply(s, "held", y, xs[2], graphop.Operands{A: true})
}

// forkCase is forked with its definition. No gradient comes back from the last reader.
func forkCase() opCase {
	c := simpleCase("fork", "readers that want a gradient and one that does not", 1e-6, []input{random(rand.New(rand.NewPCG(24, 1)), true, 3, 2, 3, 4)}, forked,
		func(in []array) (array, backward) {
			x := in[0]
			relu, backRelu := naiveActivation(x, graphop.Rectify())
			sum, backSum := naiveAdd(relu, x)
			gate, backGate := naiveActivation(x, graphop.Sigmoid())
			gated, backGated := naiveMultiply(sum, gate)
			y, backHeld := naiveMultiply(gated, x)
			return y, func(dy array) []array {
				d := backGated(backHeld(dy)[0])
				s := backSum(d[0])
				dx := zeros(x.shape...)
				for _, part := range []array{backRelu(s[0])[0], s[1], backGate(d[1])[0]} {
					for i, v := range part.v {
						dx.v[i] += v
					}
				}
				return []array{dx}
			}
		})
	return c
}

// TestFork makes sure that the gradients of several readers are summed, and not by
// Gorgonia: its own operators see only scalars.
func TestFork(t *testing.T) {
	c := forkCase()
	r := newRig(t, c.inputs, c.build)
	dy := upstream(r.y.Shape().TotalSize())
	for range 2 {
		got := r.run(t, dy)
		y, back := c.naive(arrays(c.inputs))
		if d := difference(got.y, y.v); !(d <= c.tol) {
			t.Errorf("output: found a difference of %g", d)
		}
		if d := difference(got.grads[0], back(wide(y.shape, dy))[0].v); !(d <= c.tol) {
			t.Errorf("gradient: found a difference of %g", d)
		}
	}
	sums := 0
	for _, n := range r.scope.Graph().AllNodes() {
		o, ok := n.Op().(*graphop.Operator)
		if n.Op() != nil && !ok && !n.IsScalar() {
			t.Errorf("found %v, an operator of Gorgonia's, on %v", n.Op(), n.Shape())
		}
		if ok && o.Kind() == "sum" {
			sums++
		}
	}
	if sums != 2 {
		t.Errorf("found %d sums of gradients, expected 2", sums)
	}
}

// TestForkWithoutGradient makes sure that a fork without a gradient adds nothing.
func TestForkWithoutGradient(t *testing.T) {
	s := graphop.NewScope(gorgonia.NewGraph(), 2)
	x := variable(s.Graph(), "x", blank(2, 3))
	for _, test := range []struct {
		readers int
		grad    bool
	}{{3, false}, {1, true}} {
		xs, err := graphop.Fork(s, "fork", x, test.readers, test.grad)
		if err != nil || len(xs) != test.readers || xs[0] != x || xs[test.readers-1] != x {
			t.Errorf("%+v: found %v, error %v, expected x for each reader", test, xs, err)
		}
	}
	if _, err := graphop.Fork(s, "fork", x, 0, true); errors.Cause(err) != graphop.ErrInput || !strings.Contains(err.Error(), "found 0 readers") {
		t.Errorf("found error %v, expected ErrInput", err)
	}
}
