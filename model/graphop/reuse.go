package graphop

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Memory is the memory used by the outputs of a graph's operators, in bytes.
type Memory struct {
	Bytes   int64 // with reuse
	Without int64 // if each output had its own memory
}

// PlanReuse lets operators reuse memory: an output's memory is free after its last
// reader has run. Call it once, after adding all nodes and before the first run; no
// operator can be added afterwards.
//
// After a run, only the nodes in keep and those without readers hold their values; all
// others hold whatever was written last. Observe sees each output in time. Results are
// identical, bit for bit.
//
// The plan follows the order in which Gorgonia's tape machine runs a graph. If an
// operator runs out of order, the run returns an error.
func (s *Scope) PlanReuse(keep ...*gorgonia.Node) (Memory, error) {
	if s.arena != nil {
		return Memory{}, errors.Wrap(ErrInput, "plan memory: it was planned already")
	}
	sorted, err := gorgonia.Sort(s.graph)
	if err != nil {
		return Memory{}, errors.Wrap(err, "plan memory")
	}
	p := planner{scope: s, at: map[*gorgonia.Node]int{}, keep: map[*gorgonia.Node]bool{}}
	for _, n := range keep {
		p.keep[n] = true
	}
	for _, n := range slices.Backward(sorted) {
		if o, ok := n.Op().(*Operator); ok && o.constant == nil {
			if o.scope != s || o.t != nil {
				return Memory{}, errors.Wrapf(ErrInput, "plan memory: operator %q has run, or is of another Scope", o.name)
			}
			p.at[n] = len(p.nodes)
			p.nodes = append(p.nodes, n)
		}
	}
	for n := range p.keep {
		if _, ok := p.at[n]; !ok {
			return Memory{}, errors.Wrapf(ErrInput, "plan memory: node %q to keep is no operator's output", n.Name())
		}
	}
	if err := p.lifetimes(); err != nil {
		return Memory{}, err
	}
	s.arena = &arena{size: place(p.blocks)}
	used := Memory{Bytes: 4 * int64(s.arena.size)}
	for i, n := range p.nodes {
		o := n.Op().(*Operator)
		o.position = i
		if o.hides { // any memory: it is neither written nor read
			o.arena, s.arena.size = s.arena, max(s.arena.size, o.shape.TotalSize())
			used.Without += bytes(o.shape)
		}
		if b := p.of[i]; b != nil {
			o.arena, o.offset = s.arena, b.offset
			if !o.shares {
				used.Without += bytes(o.shape)
			}
		}
	}
	return used, nil
}

// inOrder returns an error if the operator runs out of the planned order.
func (s *Scope) inOrder(o *Operator) error {
	if s.arena == nil || o.constant != nil {
		return nil
	}
	if o.position == 0 {
		s.next = 0
	}
	if o.position != s.next {
		return errors.Errorf("operator %q runs as number %d, the memory was planned for number %d: call PlanReuse when all nodes are in the graph, and run it with a tape machine or a Machine", o.name, s.next, o.position)
	}
	s.next++
	return nil
}

// planner finds out how long each output is needed.
type planner struct {
	scope  *Scope
	nodes  []*gorgonia.Node // of the operators, in run order
	at     map[*gorgonia.Node]int
	keep   map[*gorgonia.Node]bool
	last   []int    // the last reader of each output; len(nodes) for those to keep
	of     []*block // memory of each output, nil if it has none
	blocks []*block
}

// block is a part of the memory and the time it is in use.
type block struct {
	size        int // in values
	first, last int // operators
	offset      int
}

// lifetimes gives each operator a block: a new one, or that of an input.
func (p *planner) lifetimes() error {
	p.last, p.of = make([]int, len(p.nodes)), make([]*block, len(p.nodes))
	for i, n := range p.nodes {
		if err := p.findLast(i, n); err != nil {
			return err
		}
	}
	p.hide()
	for i, n := range p.nodes {
		o := n.Op().(*Operator)
		inputs := p.inputs(n)
		switch {
		case o.shares:
			if inputs[0] >= 0 {
				p.of[i] = p.of[inputs[0]]
			}
		case o.hides: // needs none
		case o.result == nil:
			p.of[i] = p.takenOver(i, o, inputs)
			if p.of[i] == nil {
				p.of[i] = &block{size: o.shape.TotalSize(), first: p.firstWriter(i, n)}
				p.blocks = append(p.blocks, p.of[i])
			}
		}
		if b := p.of[i]; b != nil {
			b.last = max(b.last, p.last[i])
		}
	}
	return nil
}

// firstWriter returns the first operator that writes to output i: for a concatenation
// that may be one of its inputs.
func (p *planner) firstWriter(i int, n *gorgonia.Node) int {
	first := i
	for _, input := range p.inputs(n) {
		if input < 0 {
			continue
		}
		if from := p.nodes[input].Op().(*Operator); from.into != nil {
			first = min(first, input)
		}
	}
	return first
}

// findLast stores the last reader of output i. It returns an error if a reader is not
// our operator: that could overwrite its input, or keep it.
func (p *planner) findLast(i int, n *gorgonia.Node) error {
	readers := p.scope.graph.To(n.ID())
	if readers.Len() == 0 || p.keep[n] {
		p.last[i] = len(p.nodes)
	}
	o := n.Op().(*Operator)
	for readers.Next() {
		reader := readers.Node().(*gorgonia.Node)
		at, ok := p.at[reader]
		if !ok && o.result == nil {
			return errors.Wrapf(ErrInput, "plan memory: node %q reads %q and is not an operator of package graphop", reader.Name(), n.Name())
		}
		p.last[i] = max(p.last[i], at)
	}
	return nil
}

// inputs returns the indices of an operator's inputs, -1 for inputs that are not the
// output of an operator.
func (p *planner) inputs(n *gorgonia.Node) []int {
	var inputs []int
	for it := p.scope.graph.From(n.ID()); it.Next(); {
		inputs = append(inputs, -1)
		if at, ok := p.at[it.Node().(*gorgonia.Node)]; ok {
			inputs[len(inputs)-1] = at
		}
	}
	return inputs
}

// takenOver returns the block of an input that operator i may overwrite in place
// because i is its last reader; nil if there is none.
func (p *planner) takenOver(i int, o *Operator, inputs []int) *block {
	for k, input := range inputs {
		residual := o.conv != nil && k == o.conv.at.residual && o.conv.addsInPlace()
		if k >= o.overwrites && !residual || input < 0 || p.of[input] == nil {
			continue
		}
		b := p.of[input]
		if residual && p.readsTwice(b, inputs) {
			continue // the images or the kernels are in it too
		}
		if b.last == i && b.size == o.shape.TotalSize() {
			return b
		}
	}
	return nil
}

// readsTwice reports whether more than one of an operator's inputs is in b.
func (p *planner) readsTwice(b *block, inputs []int) bool {
	n := 0
	for _, input := range inputs {
		if input >= 0 && p.of[input] == b {
			n++
		}
	}
	return n > 1
}
