package graphop_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// TestMachine makes sure that every operator gives the same bytes, in the first run and
// in the next, as with Gorgonia's tape machine.
func TestMachine(t *testing.T) {
	for _, c := range cases() {
		tape := newRig(t, c.inputs, c.build)
		want := tape.run(t, upstream(max(1, tape.y.Shape().TotalSize()))).y

		g := gorgonia.NewGraph()
		s := graphop.NewScope(g, c.inputs[0].shape[0])
		var in []*gorgonia.Node
		for i, one := range c.inputs {
			in = append(in, variable(g, string(rune('a'+i)), one))
		}
		y, err := c.build(s, in)
		if err != nil {
			t.Fatal(err)
		}
		m, err := graphop.NewMachine(g)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for range 2 {
			if err := m.RunAll(); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			m.Reset()
			if !sameBits(values(y), want) {
				t.Errorf("%s: found other values than with the tape machine", c.name)
			}
		}
	}
}

// TestMachineRunsNoOthers makes sure that an operator of Gorgonia is an error before
// anything runs.
func TestMachineRunsNoOthers(t *testing.T) {
	g := gorgonia.NewGraph()
	s := graphop.NewScope(g, 2)
	x := variable(g, "x", random(rand.New(rand.NewPCG(1, 1)), false, 2, 3))
	y, err := graphop.ReLU(s, "relu", x, false)
	if err != nil {
		t.Fatal(err)
	}
	m, err := graphop.NewMachine(g)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	if _, err := gorgonia.Tanh(y); err != nil {
		t.Fatal(err)
	}
	if err := m.RunAll(); !errors.Is(err, graphop.ErrInput) {
		t.Errorf("a node was added: found error %v, expected ErrInput", err)
	}
	if _, err := graphop.NewMachine(g); !errors.Is(err, graphop.ErrInput) {
		t.Errorf("found error %v, expected ErrInput", err)
	}
}

// TestMachineAgain makes sure that one machine gives the same bytes with shared memory,
// with Observe and without, and with fewer rows in between.
func TestMachineAgain(t *testing.T) {
	const layers = 40
	for seed := range uint64(10) {
		want := newDAG(t, seed, layers).run(t)
		d := newDAG(t, seed, layers)
		if _, err := d.scope.PlanReuse(); err != nil {
			t.Fatal(err)
		}
		m, err := graphop.NewMachine(d.scope.Graph())
		if err != nil {
			t.Fatal(err)
		}
		for run, rows := range []int{3, 3, 1, 3} {
			if err := d.scope.SetRows(rows); err != nil {
				t.Fatal(err)
			}
			seen := map[string][]float32{}
			if d.scope.Observe(nil); run == 1 {
				d.scope.Observe(func(e graphop.Event) {
					seen[e.Node] = append([]float32(nil), e.Output.Data().([]float32)...)
				})
			}
			if err := m.RunAll(); err != nil {
				t.Fatal(err)
			}
			end := d.nodes[layers]
			used := len(values(end)) / 3 * rows
			if !sameBits(values(end)[:used], want[end.Name()][:used]) {
				t.Errorf("seed %d, run %d: found other values than with the tape machine", seed, run)
			}
			for name, y := range want {
				if run == 1 && !sameBits(seen[name], y) {
					t.Errorf("seed %d, %s: observed other values than with the tape machine", seed, name)
				}
			}
		}
	}
}
