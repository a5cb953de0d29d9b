package graphop_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// dag is a random graph of layers on images [n,4,6,6]. Each layer reads one or two
// earlier ones.
type dag struct {
	scope *graphop.Scope
	nodes []*gorgonia.Node
}

func newDAG(t *testing.T, seed uint64, layers int) *dag {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 31))
	d := &dag{scope: graphop.NewScope(gorgonia.NewGraph(), 3)}
	d.nodes = []*gorgonia.Node{variable(d.scope.Graph(), "x", random(rng, false, 3, 4, 6, 6))}
	weight := func(name string, shape ...int) *gorgonia.Node {
		n, err := graphop.Constant(d.scope, name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(random(rng, false, shape...).values)))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	pick := func() *gorgonia.Node { return d.nodes[max(0, len(d.nodes)-1-rng.IntN(4))] }
	for i := range layers {
		name := fmt.Sprint("layer", i)
		var n *gorgonia.Node
		var err error
		switch rng.IntN(10) {
		case 8, 9: // the residual's memory may be the output's
			side := 1 + 2*rng.IntN(2)
			n, err = graphop.ConvAdd(d.scope, name, pick(), weight(name+"/W", 4, 4, side, side), weight(name+"/b", 4), pick(),
				graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(side / 2), Activation: graphop.Rectify()}, graphop.Wants{})
		case 0, 1:
			n, err = graphop.Conv(d.scope, name, pick(), weight(name+"/W", 4, 4, 3, 3), weight(name+"/b", 4), graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(1)}, graphop.Wants{})
		case 2:
			n, err = graphop.Add(d.scope, name, pick(), pick(), graphop.Rectify(), graphop.Operands{})
		case 3:
			n, err = graphop.Activate(d.scope, name, pick(), graphop.Tanh(), false)
		case 4:
			n, err = graphop.BatchNorm(d.scope, name, pick(), graphop.BatchNormInputs{Mean: weight(name+"/mean", 4), Variance: weight(name+"/variance", 4)}, 1e4, graphop.Activation{}, graphop.Wants{})
		case 5: // squeeze and excitation
			x := pick()
			var s *gorgonia.Node
			if s, err = graphop.GlobalAveragePool(d.scope, name+" squeeze", x, false); err != nil {
				t.Fatal(err)
			}
			n, err = graphop.Multiply(d.scope, name, x, s, graphop.Operands{})
		case 6:
			var both *gorgonia.Node
			if both, err = graphop.Concat(d.scope, name+" concat", []*gorgonia.Node{pick(), pick()}, nil); err != nil {
				t.Fatal(err)
			}
			n, err = graphop.Slice(d.scope, name, both, 2, 6, false)
		default:
			n, err = graphop.MaxPool(d.scope, name, pick(), graphop.PoolShape{Kernel: graphop.Both(3), Stride: graphop.Both(1), Pad: graphop.Around(1)}, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		d.nodes = append(d.nodes, n)
	}
	return d
}

// run runs the graph and returns each operator's output, by name, as it was when the
// operator ran.
func (d *dag) run(t *testing.T) map[string][]float32 {
	t.Helper()
	seen := map[string][]float32{}
	d.scope.Observe(func(e graphop.Event) {
		seen[e.Node] = append([]float32(nil), e.Output.Data().([]float32)...)
	})
	vm := gorgonia.NewTapeMachine(d.scope.Graph())
	defer vm.Close()
	for range 2 {
		vm.Reset()
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
	}
	return seen
}

// TestPlanReuse makes sure that a graph with shared memory gives the same bytes and
// uses much less memory.
func TestPlanReuse(t *testing.T) {
	const layers = 40
	for seed := range uint64(20) {
		want := newDAG(t, seed, layers).run(t)
		d := newDAG(t, seed, layers)
		kept := d.nodes[layers/2]
		memory, err := d.scope.PlanReuse(kept)
		if err != nil {
			t.Fatal(err)
		}
		got := d.run(t)
		for name, y := range want {
			if !sameBits(got[name], y) {
				t.Fatalf("seed %d, operator %s: the output differs", seed, name)
			}
		}
		for _, n := range []*gorgonia.Node{kept, d.nodes[layers]} {
			if n.Op() != nil && !sameBits(values(n), want[n.Name()]) {
				t.Errorf("seed %d: %s was to be kept, found other values after the run", seed, n.Name())
			}
		}
		if memory.Bytes*2 > memory.Without || memory.Without < 4*layers/2*3*4*36 {
			t.Errorf("seed %d: found %+v, expected less than half", seed, memory)
		}
	}
}

// TestPlanReuseChain makes sure that a chain uses two buffers, or one if each layer
// works in place.
func TestPlanReuseChain(t *testing.T) {
	const n, size = 5, 4 * 3 * 4 * 36 // number of layers, bytes of an output
	for _, test := range []struct {
		name string
		add  func(s *graphop.Scope, name string, x *gorgonia.Node) (*gorgonia.Node, error)
		want int64
	}{
		{"pooling", func(s *graphop.Scope, name string, x *gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.MaxPool(s, name, x, graphop.PoolShape{Kernel: graphop.Both(3), Stride: graphop.Both(1), Pad: graphop.Around(1)}, false)
		}, 2 * size},
		{"relu", func(s *graphop.Scope, name string, x *gorgonia.Node) (*gorgonia.Node, error) {
			return graphop.ReLU(s, name, x, false)
		}, size},
	} {
		s := graphop.NewScope(gorgonia.NewGraph(), 3)
		x := variable(s.Graph(), "x", blank(3, 4, 6, 6))
		for i := range n {
			var err error
			if x, err = test.add(s, fmt.Sprint("layer", i), x); err != nil {
				t.Fatal(err)
			}
		}
		memory, err := s.PlanReuse()
		if err != nil || memory.Bytes != test.want || memory.Without != n*size {
			t.Errorf("%s: found %+v, error %v, expected %d of %d bytes", test.name, memory, err, test.want, n*size)
		}
	}
}

// TestPlanReuseTraining makes sure that a training step gives the same gradients with
// shared memory: the backward pass reads what the forward pass wrote.
func TestPlanReuseTraining(t *testing.T) {
	for _, c := range append(cases(), forkCase()) {
		plain := newRig(t, c.inputs, c.build)
		dy := upstream(max(1, plain.y.Shape().TotalSize()))
		want := plain.run(t, dy)
		r := newRig(t, c.inputs, c.build)
		var keep []*gorgonia.Node
		for _, n := range append([]*gorgonia.Node{r.y}, r.grads...) {
			if n != nil && n != r.dy && !n.IsScalar() {
				keep = append(keep, n)
			}
		}
		if _, err := r.scope.PlanReuse(keep...); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		r.vm = gorgonia.NewTapeMachine(r.scope.Graph())
		same(t, c.name, r.run(t, dy), want)
		same(t, c.name+", again", r.run(t, dy), want)
	}
}

// TestPlanReuseErrors makes sure that an invalid plan is refused.
func TestPlanReuseErrors(t *testing.T) {
	fresh := func() (*graphop.Scope, *gorgonia.Node, *gorgonia.Node) {
		s := graphop.NewScope(gorgonia.NewGraph(), 2)
		x := variable(s.Graph(), "x", blank(2, 3))
		y, err := graphop.ReLU(s, "relu", x, false)
		if err != nil {
			t.Fatal(err)
		}
		return s, x, y
	}
	says := func(err error, what string) {
		t.Helper()
		if errors.Cause(err) != graphop.ErrInput || !strings.Contains(err.Error(), what) {
			t.Errorf("found error %v, expected ErrInput that says %q", err, what)
		}
	}
	s, x, y := fresh()
	if _, err := s.PlanReuse(y); err != nil {
		t.Fatal(err)
	}
	_, err := s.PlanReuse(y)
	says(err, "planned already")
	_, err = graphop.ReLU(s, "late", x, false)
	says(err, "nothing can be added")

	s, x, _ = fresh()
	_, err = s.PlanReuse(x)
	says(err, `"x" to keep`)

	s, _, y = fresh()
	if _, err := gorgonia.Square(y); err != nil {
		t.Fatal(err)
	}
	_, err = s.PlanReuse()
	says(err, "not an operator of package graphop")

	s, _, y = fresh()
	vm := gorgonia.NewTapeMachine(s.Graph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	_, err = s.PlanReuse(y)
	says(err, "has run")

	s, _, y = fresh()
	z, err := graphop.ReLU(s, "second", y, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.PlanReuse(); err != nil {
		t.Fatal(err)
	}
	in := tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float32))
	if _, err := z.Op().(*graphop.Operator).Do(in); err == nil || !strings.Contains(err.Error(), "runs as number 0") {
		t.Errorf("found error %v, expected one about the order", err)
	}
}

// TestResidualInPlace makes sure that the end of a residual block takes the memory of what
// it adds where that is sound, and gives the same bytes as with memory of its own.
func TestResidualInPlace(t *testing.T) {
	for _, c := range []struct {
		name             string
		h, w, side, wide int // of the images and the last kernels, and the channels these read
		shares           bool
	}{
		{"strips of an image", 13, 21, 1, 24, true},
		{"strips of several images", 5, 5, 1, 24, true},
		{"patches", 13, 21, 3, 12, true},
		{"sums in two parts", 13, 21, 1, 300, false},
		{"tiles", 24, 24, 3, 32, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			const n, out = 5, 32
			var memory graphop.Memory
			build := func(plan bool) (*graphop.Scope, *gorgonia.Node) {
				rng := rand.New(rand.NewPCG(5, 5))
				s := graphop.NewScope(gorgonia.NewGraph(), n)
				conv := func(name string, x, residual *gorgonia.Node, from, to, side int) *gorgonia.Node {
					w, err := graphop.Constant(s, name+"/W", tensor.New(tensor.WithShape(to, from, side, side), tensor.WithBacking(random(rng, false, to, from, side, side).values)))
					if err != nil {
						t.Fatal(err)
					}
					shape := graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(side / 2), Activation: graphop.Rectify()}
					var y *gorgonia.Node
					if residual == nil {
						y, err = graphop.Conv(s, name, x, w, nil, shape, graphop.Wants{})
					} else {
						y, err = graphop.ConvAdd(s, name, x, w, nil, residual, shape, graphop.Wants{})
					}
					if err != nil {
						t.Fatal(err)
					}
					return y
				}
				x := variable(s.Graph(), "x", random(rng, false, n, 8, c.h, c.w))
				y := conv("end", conv("middle", x, nil, 8, c.wide, 1), conv("residual", x, nil, 8, out, 1), c.wide, out, c.side)
				if plan {
					var err error
					if memory, err = s.PlanReuse(); err != nil {
						t.Fatal(err)
					}
				}
				return s, y
			}
			own, want := build(false)
			s, got := build(true)
			if saved := memory.Without-memory.Bytes >= 4*n*out*int64(c.h*c.w); saved != (c.shares && gemm.Lanes() > 0) {
				t.Errorf("found %+v: saved the output's memory: %v", memory, saved)
			}
			for _, rows := range []int{n, 1, 2} {
				for _, scope := range []*graphop.Scope{own, s} {
					if err := scope.SetRows(rows); err != nil {
						t.Fatal(err)
					}
					m, err := graphop.NewMachine(scope.Graph())
					if err != nil {
						t.Fatal(err)
					}
					if err := m.RunAll(); err != nil {
						t.Fatal(err)
					}
				}
				size := rows * out * c.h * c.w
				if !sameBits(values(got)[:size], values(want)[:size]) {
					t.Errorf("%d images: found other values than with memory of its own", rows)
				}
			}
		})
	}
}

// TestResidualIsKernel makes sure that a convolution does not write into the memory of a
// residual that is its kernel too.
func TestResidualIsKernel(t *testing.T) {
	const side = 15 // as many taps as the sums in place may have, nearly
	run := func(plan bool) []float32 {
		rng := rand.New(rand.NewPCG(7, 1))
		s := graphop.NewScope(gorgonia.NewGraph(), 1)
		x := variable(s.Graph(), "x", random(rng, false, 1, 1, side, side))
		both, err := graphop.ReLU(s, "both", variable(s.Graph(), "z", random(rng, false, 1, 1, side, side)), false)
		if err != nil {
			t.Fatal(err)
		}
		y, err := graphop.ConvAdd(s, "y", x, both, nil, both, graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(side / 2)}, graphop.Wants{})
		if err != nil {
			t.Fatal(err)
		}
		if plan {
			if _, err := s.PlanReuse(); err != nil {
				t.Fatal(err)
			}
		}
		m, err := graphop.NewMachine(s.Graph())
		if err != nil {
			t.Fatal(err)
		}
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		return values(y)
	}
	if !sameBits(run(true), run(false)) {
		t.Error("found other values than with memory of its own")
	}
}
