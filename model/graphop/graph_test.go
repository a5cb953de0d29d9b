package graphop_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// chain is a small network: conv+relu+pool, maxpool, relu, dense+relu, mask, dense,
// loss. The layers named in trained are variables.
type chain struct {
	scope  *graphop.Scope
	nodes  map[string]*gorgonia.Node
	loss   *gorgonia.Node
	labels []int
}

func newChain(t *testing.T, trained ...string) *chain {
	t.Helper()
	const n = 4
	rng := rand.New(rand.NewPCG(1, 1))
	g := gorgonia.NewGraph()
	c := &chain{scope: graphop.NewScope(g, n), nodes: map[string]*gorgonia.Node{}, labels: []int{0, 2, 1, 2}}
	node := func(name string, y *gorgonia.Node, err error) *gorgonia.Node {
		if err != nil {
			t.Fatal(err)
		}
		c.nodes[name] = y
		return y
	}
	weight := func(layer, part string, shape ...int) *gorgonia.Node {
		in := random(rng, false, shape...)
		if slices.Contains(trained, layer) {
			return node(layer+part, variable(g, layer+part, in), nil)
		}
		y, err := graphop.Constant(c.scope, layer+part, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(in.values)))
		return node(layer+part, y, err)
	}
	below := false // a layer below is trained
	want := func(layer string) graphop.Wants {
		w := graphop.Wants{Input: below, Weights: slices.Contains(trained, layer)}
		below = below || w.Weights
		return w
	}
	x := node("images", variable(g, "images", random(rng, false, n, 1, 12, 12)), nil)
	y, err := graphop.Conv(c.scope, "conv1", x, weight("conv1", "/W", 3, 1, 3, 3), weight("conv1", "/b", 3),
		graphop.ConvShape{Stride: graphop.Both(1), Pad: graphop.Around(1), Activation: graphop.Rectify(), Pool: 2}, want("conv1")) // [N,3,6,6]
	y, err = graphop.MaxPool(c.scope, "pool", node("conv1", y, err), square(2, 1), below) // [N,3,5,5]
	y, err = graphop.ReLU(c.scope, "relu", node("pool", y, err), below)
	y, err = graphop.Dense(c.scope, "fc1", node("relu", y, err), weight("fc1", "/W", 75, 8), weight("fc1", "/b", 8), graphop.Rectify(), want("fc1"))
	mask := random(rng, false, n, 8)
	y, err = graphop.Mask(c.scope, "drop", node("fc1", y, err), variable(g, "mask", mask), below)
	y, err = graphop.Dense(c.scope, "fc2", node("drop", y, err), weight("fc2", "/W", 8, 3), weight("fc2", "/b", 3), graphop.Activation{}, want("fc2"))
	y, err = graphop.CrossEntropy(c.scope, "loss", node("fc2", y, err), variable(g, "labels", input{shape: []int{n}, labels: c.labels}), nil)
	c.loss = node("loss", y, err)
	var wrt gorgonia.Nodes
	for _, layer := range trained {
		wrt = append(wrt, c.nodes[layer+"/W"], c.nodes[layer+"/b"])
	}
	if _, err := gorgonia.Grad(c.loss, wrt...); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestWants walks the graph: unwanted gradients are not computed, and no node below the
// lowest trained layer has a derivative.
func TestWants(t *testing.T) {
	for _, test := range []struct {
		reason  string
		trained string
		grads   string // nodes that compute gradients
		without string // nodes that must have no derivative
	}{
		{"the last layer: no gradient towards its input", "fc2", "loss dx, fc2 dW, fc2 db",
			"images, conv1, conv1/W, conv1/b, pool, relu, fc1, fc1/W, fc1/b, drop"},
		{"both dense layers", "fc1 fc2", "loss dx, fc2 dW, fc2 db, fc2 dx, drop dx, fc1 dz, fc1 dW, fc1 db",
			"images, conv1, conv1/W, conv1/b, pool, relu"},
		{"a frozen layer on top lets the gradient through, and has none of its own", "fc1", "loss dx, fc2 dx, drop dx, fc1 dz, fc1 dW, fc1 db",
			"images, conv1, conv1/W, conv1/b, pool, relu, fc2/W, fc2/b"},
		{"a frozen layer in between", "conv1 fc2", "loss dx, fc2 dW, fc2 db, fc2 dx, drop dx, fc1 dz, fc1 dx, relu dx, pool dx, conv1 dz, conv1 dW, conv1 db",
			"images, fc1/W, fc1/b"},
		{"everything: still no gradient towards the images", "conv1 fc1 fc2",
			"loss dx, fc2 dW, fc2 db, fc2 dx, drop dx, fc1 dz, fc1 dW, fc1 db, fc1 dx, relu dx, pool dx, conv1 dz, conv1 dW, conv1 db",
			"images"},
	} {
		c := newChain(t, strings.Fields(test.trained)...)
		var found []string
		for _, n := range c.scope.Graph().AllNodes() {
			if _, ok := n.Op().(*graphop.Operator); ok && strings.Contains(n.Name(), " d") {
				found = append(found, n.Name())
			}
		}
		want := strings.Split(test.grads, ", ")
		slices.Sort(found)
		slices.Sort(want)
		if !slices.Equal(found, want) {
			t.Errorf("%s: found gradient nodes %q, expected %q", test.reason, found, want)
		}
		for _, name := range strings.Split(test.without, ", ") {
			if c.nodes[name].Deriv() != nil {
				t.Errorf("%s: node %s carries a derivative", test.reason, name)
			}
		}
	}
}

// TestGradTowardsConstant makes sure that passing a frozen weight to Grad is an error
// with a short message.
func TestGradTowardsConstant(t *testing.T) {
	s := graphop.NewScope(gorgonia.NewGraph(), 2)
	x := variable(s.Graph(), "x", input{shape: []int{2, 3}, values: make([]float32, 6)})
	w, err := graphop.Constant(s, "fc/W", tensor.New(tensor.WithShape(3, 2), tensor.Of(tensor.Float32)))
	if err != nil {
		t.Fatal(err)
	}
	b := variable(s.Graph(), "fc/b", input{shape: []int{2}, values: make([]float32, 2)})
	y, err := graphop.Dense(s, "fc", x, w, b, graphop.Activation{}, all)
	if err != nil {
		t.Fatal(err)
	}
	loss, err := graphop.CrossEntropy(s, "loss", y, variable(s.Graph(), "labels", input{shape: []int{2}, labels: []int{0, 1}}), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = gorgonia.Grad(loss, w); err == nil || len(err.Error()) > 200 || !strings.Contains(err.Error(), "fc/W") {
		t.Errorf("found error %v, expected a short one that names fc/W", err)
	}
}

// TestConstants makes sure that constants with the same printed form stay separate.
func TestConstants(t *testing.T) {
	s := graphop.NewScope(gorgonia.NewGraph(), 1)
	a := tensor.New(tensor.WithShape(64), tensor.WithBacking(make([]float32, 64)))
	b := a.Clone().(*tensor.Dense)
	b.Float32s()[32] = 1
	if a.String() != b.String() {
		t.Fatal("the constants print differently: the test shows nothing")
	}
	na, errA := graphop.Constant(s, "a", a)
	nb, errB := graphop.Constant(s, "b", b)
	if errA != nil || errB != nil {
		t.Fatal(errA, errB)
	}
	if na == nb || na.Hashcode() == nb.Hashcode() {
		t.Error("two constants became one node")
	}
	for n, want := range map[*gorgonia.Node]*tensor.Dense{na: a, nb: b} {
		o := n.Op().(*graphop.Operator)
		v, err := o.Do()
		if err != nil || v != gorgonia.Value(want) || o.Constant() != want {
			t.Errorf("constant %s: found %p and %p, error %v, expected its own tensor %p", n.Name(), v, o.Constant(), err, want)
		}
	}
}

// TestNamesAreUnique makes sure that no two operators share a name: Gorgonia would
// confuse them.
func TestNamesAreUnique(t *testing.T) {
	s := graphop.NewScope(gorgonia.NewGraph(), 2)
	x := variable(s.Graph(), "x", input{shape: []int{2, 3}, values: make([]float32, 6)})
	if _, err := graphop.ReLU(s, "relu", x, false); err != nil {
		t.Fatal(err)
	}
	_, err := graphop.ReLU(s, "relu", x, false)
	if errors.Cause(err) != graphop.ErrInput || !strings.Contains(err.Error(), `"relu"`) {
		t.Errorf("found error %v, expected ErrInput naming the operator", err)
	}
}

// TestObserve makes sure that each operator is reported, with its cost.
func TestObserve(t *testing.T) {
	c := newChain(t, "fc2")
	var seen []string
	c.scope.Observe(func(e graphop.Event) {
		seen = append(seen, e.Node+" ("+e.Kind+")")
		if e.Output == nil {
			t.Errorf("%s: found no output", e.Node)
		}
	})
	vm := gorgonia.NewTapeMachine(c.scope.Graph())
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"conv1 (conv+relu+pool)", "fc1 (dense+relu)", "fc2 dW (dense dW)", "loss (cross-entropy)"} {
		if !slices.Contains(seen, want) {
			t.Errorf("found events %q, expected one %q", seen, want)
		}
	}
	if got, want := c.nodes["conv1"].Op().(*graphop.Operator).Cost().MultiplyAdds, int64(4*3*9*144); got != want {
		t.Errorf("conv1: found %d multiply-adds, expected %d", got, want)
	}
}

// TestAllocation makes sure that a training step reuses its memory.
func TestAllocation(t *testing.T) {
	c := newChain(t, "conv1", "fc1", "fc2")
	vm := gorgonia.NewTapeMachine(c.scope.Graph())
	defer vm.Close()
	perStep := allocated(func() {
		vm.Reset()
		if err := vm.RunAll(); err != nil {
			t.Fatal(err)
		}
	})
	t.Logf("%d bytes allocated a step", perStep)
	if perStep >= 64<<10 {
		t.Errorf("found %d bytes allocated a step, expected less than 64 KiB", perStep)
	}
}

// allocated returns how many bytes a step allocates after warm-up. It takes the minimum
// of several windows, since a worker allocates its scratch memory when it first gets
// work.
func allocated(step func()) uint64 {
	const windows, steps = 6, 20
	least := uint64(math.MaxUint64)
	for range windows {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range steps {
			step()
		}
		runtime.ReadMemStats(&after)
		least = min(least, (after.TotalAlloc-before.TotalAlloc)/steps)
	}
	return least
}
