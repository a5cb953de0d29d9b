package train

import (
	"fmt"
	"strings"

	"github.com/lastlayer/lastlayer/model/graphop"
	"gorgonia.org/gorgonia"
)

// Plan is what one training step consists of, read from the graph and from the
// machine's program.
type Plan struct {
	WithDerivative    []string `json:"with_derivative"`    // nodes of the forward pass that the gradient passes through
	WithoutDerivative []string `json:"without_derivative"` // and those it does not reach

	Loads        int `json:"loads"`        // instructions that fetch an input or a variable
	Forward      int `json:"forward"`      // instructions up to the loss
	Backward     int `json:"backward"`     // instructions for the gradients, and those that free them
	Instructions int `json:"instructions"` // of the compiled program in all: loads, forward and backward
	Updates      int `json:"updates"`      // tensors that the solver steps over
	Updated      int `json:"updated"`      // numbers in them

	MultiplyAdds int64 `json:"multiply_adds"` // per example, forward and backward
	Bytes        int64 `json:"bytes"`         // per step of a full batch: operators and solver

	Operators []OperatorPlan `json:"operators"`
}

// OperatorPlan is one operator of the program.
type OperatorPlan struct {
	Node         string `json:"node"`
	Kind         string `json:"kind"`
	Backward     bool   `json:"backward"`
	MultiplyAdds int64  `json:"multiply_adds"` // per example
	Bytes        int64  `json:"bytes"`         // per step of a full batch
}

// Plan returns what a step of this trainer consists of. Nothing is estimated:
// the nodes are those of the graph, the instructions those of the compiled
// program, and each operator says what it multiplies.
func (t *Trainer) Plan() Plan {
	var p Plan
	g, batch := t.net.Scope().Graph(), int64(t.net.Scope().Capacity())
	forward := t.neededForLoss()
	for _, n := range g.AllNodes() {
		switch {
		case n.Op() == nil:
			p.Loads++
		case forward[n.ID()]:
			p.Forward++
		default:
			p.Backward++
		}
		if forward[n.ID()] {
			if n.Deriv() != nil {
				p.WithDerivative = append(p.WithDerivative, n.Name())
			} else {
				p.WithoutDerivative = append(p.WithoutDerivative, n.Name())
			}
		}
		if o, ok := n.Op().(*graphop.Operator); ok && o.Constant() == nil {
			c := o.Cost()
			p.Operators = append(p.Operators, OperatorPlan{n.Name(), o.Kind(), !forward[n.ID()], c.MultiplyAdds / batch, c.Bytes})
			p.MultiplyAdds += c.MultiplyAdds / batch
			p.Bytes += c.Bytes
		}
	}
	for _, n := range t.net.Trainable() {
		p.Updates++
		p.Updated += n.DataSize()
	}
	p.Bytes += int64(p.Updated) * t.solver.BytesPerUpdate()
	instructions := listing(t.program)
	p.Instructions = len(instructions)
	for _, i := range instructions {
		if strings.Contains(i, "\tFree ") {
			p.Backward++ // has no node: the register of a gradient is given up
		}
	}
	return p
}

// neededForLoss returns the ids of the nodes that the loss is computed from,
// itself among them.
func (t *Trainer) neededForLoss() map[int64]bool {
	g := t.net.Scope().Graph()
	needed := map[int64]bool{}
	queue := []*gorgonia.Node{t.loss}
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if needed[n.ID()] {
			continue
		}
		needed[n.ID()] = true
		for from := g.From(n.ID()); from.Next(); {
			queue = append(queue, from.Node().(*gorgonia.Node))
		}
	}
	return needed
}

// listing returns the lines of the program's listing, one an instruction: the
// only way Gorgonia has to look at one from outside.
func listing(program fmt.Stringer) []string {
	text, _, _ := strings.Cut(program.String(), "\nArgs:")
	_, text, _ = strings.Cut(text, "Instructions:\n")
	return strings.Split(strings.TrimRight(text, "\n"), "\n")
}
