package graphop

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Machine runs a graph of inputs and operators of this package, in the order of
// Gorgonia's tape machine and in the caller's goroutine. It implements gorgonia.VM. The
// tape machine starts a goroutine for each run, waits for it on a thread of its own, and
// runs constants like other nodes: for one small image that takes as long as a layer.
type Machine struct {
	graph *gorgonia.ExprGraph
	nodes int // in the graph when the machine was made
	steps []step
}

// step is one operator of a run.
type step struct {
	node   *gorgonia.Node
	op     *Operator
	inputs gorgonia.Nodes
	values []gorgonia.Value // of the inputs
	output gorgonia.Value   // bound to the node
}

// NewMachine returns a machine for g, to which nothing may be added afterwards. It returns
// an error whose cause is ErrInput for a node that is not an operator of this package.
func NewMachine(g *gorgonia.ExprGraph) (*Machine, error) {
	sorted, err := gorgonia.Sort(g)
	if err != nil {
		return nil, errors.Wrap(err, "new machine")
	}
	m := &Machine{graph: g, nodes: len(g.AllNodes())}
	for _, n := range slices.Backward(sorted) {
		if n.Op() == nil {
			continue // an input
		}
		o, ok := n.Op().(*Operator)
		if !ok {
			return nil, errors.Wrapf(ErrInput, "new machine: node %q is not an operator of package graphop: use a tape machine", n.Name())
		}
		s := step{node: n, op: o}
		for it := g.From(n.ID()); it.Next(); {
			s.inputs = append(s.inputs, it.Node().(*gorgonia.Node))
		}
		s.values = make([]gorgonia.Value, len(s.inputs))
		m.steps = append(m.steps, s)
	}
	return m, nil
}

// RunAll runs all operators. Constants are run once, and again for Observe. It is an error
// whose cause is ErrInput if nodes were added to the graph.
func (m *Machine) RunAll() error {
	if n := len(m.graph.AllNodes()); n != m.nodes {
		return errors.Wrapf(ErrInput, "run: found %d nodes in the graph, the machine was made for %d: make another", n, m.nodes)
	}
	for i := range m.steps {
		if err := m.steps[i].run(); err != nil {
			return err
		}
	}
	return nil
}

func (s *step) run() error {
	if s.op.constant != nil && s.output != nil && s.op.scope.observe == nil {
		return nil
	}
	for i, n := range s.inputs {
		s.values[i] = n.Value()
	}
	y, err := s.op.Do(s.values...)
	if err != nil || y == s.output {
		return err
	}
	s.output = y
	return errors.Wrap(gorgonia.UnsafeLet(s.node, y), s.op.name)
}

// Reset does nothing: each run begins at the first operator.
func (m *Machine) Reset() {}

// Close does nothing: the machine holds nothing that must be freed.
func (m *Machine) Close() error { return nil }
