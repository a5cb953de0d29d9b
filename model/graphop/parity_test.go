package graphop_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/reference"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// upstream draws a gradient with respect to the operator's output.
func upstream(n int) []float32 { return normal(rand.New(rand.NewPCG(3, 4)), n) }

func arrays(inputs []input) []array {
	var as []array
	for _, in := range inputs {
		as = append(as, in.array())
	}
	return as
}

func wide(shape []int, v []float32) array {
	return input{shape: shape, values: v}.array()
}

// worst holds the largest difference of each operator, for the log.
type worst map[string]float64

func (w worst) note(c opCase, what string, d float64) {
	key := strings.Fields(c.name)[0] + " " + what
	w[key] = math.Max(w[key], d)
}

func (w worst) log(t *testing.T) {
	for _, key := range slices.Sorted(maps.Keys(w)) {
		t.Logf("largest difference: %-28s %.1e", key, w[key])
	}
}

// TestParity compares each operator's output and gradients with the naive float64
// operator and with Gorgonia's own in float64.
func TestParity(t *testing.T) {
	worst := worst{}
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.inputs, c.build)
			dy := upstream(max(1, r.y.Shape().TotalSize()))
			got := r.run(t, dy)
			y, back := c.naive(arrays(c.inputs))
			if !r.y.IsScalar() && !slices.Equal(r.y.Shape(), tensor.Shape(y.shape)) {
				t.Fatalf("%s: found shape %v, expected %v", c.reason, r.y.Shape(), y.shape)
			}
			grads := back(wide(y.shape, dy))
			check := func(what string, got []float32, want []float64) {
				d := difference(got, want)
				worst.note(c, strings.Fields(what)[0], d)
				if !(d <= c.tol) {
					t.Errorf("%s: %s: the largest difference is %.2g, expected at most %.2g", c.reason, what, d, c.tol)
				}
			}
			check("output", got.y, y.v)
			for i, in := range c.inputs {
				if in.grad {
					check(fmt.Sprint("gradient towards input ", i), got.grads[i], grads[i].v)
				}
			}
			if c.stock == nil {
				return
			}
			y.v, grads = runStock(t, c, dy)
			check("stock output", got.y, y.v)
			for i, in := range c.inputs {
				if in.grad {
					check(fmt.Sprint("stock gradient towards input ", i), got.grads[i], grads[i].v)
				}
			}
		})
	}
	worst.log(t)
}

// runStock runs Gorgonia's operator in float64.
func runStock(t *testing.T, c opCase, dy []float32) ([]float64, []array) {
	t.Helper()
	g := gorgonia.NewGraph()
	leaf := func(name string, shape tensor.Shape, v []float32) *gorgonia.Node {
		value := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(wide(shape, v).v))
		return gorgonia.NewTensor(g, tensor.Float64, len(shape), gorgonia.WithShape(shape...), gorgonia.WithName(name), gorgonia.WithValue(value))
	}
	var in []*gorgonia.Node
	var wrt gorgonia.Nodes
	for i, x := range c.inputs {
		in = append(in, leaf(string(rune('a'+i)), x.shape, x.values))
		if x.grad {
			wrt = append(wrt, in[i])
		}
	}
	y, err := c.stock(in)
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := gorgonia.Backpropagate(gorgonia.Nodes{y}, gorgonia.Nodes{leaf("dy", y.Shape(), dy)}, wrt)
	if err != nil {
		t.Fatal(err)
	}
	vm := gorgonia.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	out, err := reference.Values(y.Value())
	if err != nil {
		t.Fatal(err)
	}
	var grads []array
	for i := range in {
		var a array
		if c.inputs[i].grad {
			if a.v, err = reference.Values(nodes[len(grads)].Value()); err != nil {
				t.Fatal(err)
			}
		}
		grads = append(grads, a)
	}
	return out, grads
}

// project returns Σ y·dy.
func project(y, dy []float64) float64 {
	sum := 0.0
	for i := range y {
		sum += y[i] * dy[i]
	}
	return sum
}

// TestNaiveGradients checks the naive gradients, the reference for the others, against
// central differences.
func TestNaiveGradients(t *testing.T) {
	const h, tol = 1e-5, 1e-6
	rng := rand.New(rand.NewPCG(5, 6))
	largest := 0.0
	for _, c := range cases() {
		if len(c.inputs) > 1 && len(c.inputs[1].values) > 20000 {
			continue // too large; the definition is the same
		}
		in := arrays(c.inputs)
		y, back := c.naive(in)
		dy := wide(y.shape, upstream(len(y.v)))
		grads := back(dy)
		for i := range in {
			if !c.inputs[i].grad {
				continue
			}
			for range 5 {
				at := rng.IntN(len(in[i].v))
				was := in[i].v[at]
				in[i].v[at] = was + h
				up, _ := c.naive(in)
				in[i].v[at] = was - h
				down, _ := c.naive(in)
				in[i].v[at] = was
				numeric := (project(up.v, dy.v) - project(down.v, dy.v)) / (2 * h)
				d := math.Abs(numeric-grads[i].v[at]) / math.Max(1, math.Abs(numeric))
				largest = math.Max(largest, d)
				if !(d <= tol) {
					t.Errorf("%s (%s), input %d at %d: found %g, central difference %g", c.name, c.reason, i, at, grads[i].v[at], numeric)
				}
			}
		}
	}
	t.Logf("largest difference: %.1e", largest)
}

// TestDirectionalDerivative compares the float32 gradients with the change of the
// float32 output along a random direction in all inputs at once. The allowed error is a
// fraction of the gradient's norm, for the few kinks of ReLU and pooling within a step,
// plus the rounding of the outputs over the step.
func TestDirectionalDerivative(t *testing.T) {
	const h, kinks, epsilon = 1e-4, 1e-2, 1.0 / (1 << 23)
	const tiles = 10 // rounding of a tiled convolution, in units of epsilon times the largest value
	largest := 0.0
	for _, c := range cases() {
		r := newRig(t, c.inputs, c.build)
		dy := upstream(max(1, r.y.Shape().TotalSize()))
		first := r.run(t, dy)
		rng := rand.New(rand.NewPCG(9, 9))
		analytic, norm, rounding := 0.0, 0.0, 0.0
		up, down := make([][]float32, len(c.inputs)), make([][]float32, len(c.inputs))
		for i, in := range c.inputs {
			if !in.grad {
				continue
			}
			for j, d := range normal(rng, len(in.values)) {
				x, g := in.values[j], float64(first.grads[i][j])
				up[i], down[i] = append(up[i], x+h*d), append(down[i], x-h*d)
				analytic += g * float64(up[i][j]-down[i][j]) / (2 * h)
				norm += g * g
			}
		}
		at := func(x [][]float32) (sum float64) {
			for i := range x {
				copy(c.inputs[i].values, x[i])
			}
			for i, y := range r.run(t, dy).y {
				sum += float64(y) * float64(dy[i])
			}
			return sum
		}
		for i, y := range first.y {
			if c.spread {
				y = tiles * slices.Max(first.y)
			}
			rounding += float64(y*dy[i]) * float64(y*dy[i])
		}
		numeric := (at(up) - at(down)) / (2 * h)
		tol := kinks*math.Sqrt(norm) + epsilon*math.Sqrt(rounding)/h
		d := math.Abs(numeric - analytic)
		largest = math.Max(largest, d/max(tol, 1e-9))
		if !(d <= tol) {
			t.Errorf("%s (%s): found %g along a direction, central difference %g, allowed difference %g", c.name, c.reason, analytic, numeric, tol)
		}
	}
	t.Logf("largest difference: %.2g of what is allowed", largest)
}
