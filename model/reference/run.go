package reference

import (
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// SetImages sets the input, [N,C,H,W] or [N,F].
func (n *Net) SetImages(values []float32) error { return n.set(n.images, values) }

// SetMask sets the mask of a dropout layer, [N,...] in its input's shape.
func (n *Net) SetMask(layer string, values []float32) error {
	mask, ok := n.masks[layer]
	if !ok {
		return errors.Errorf("reference: found no dropout layer %q", layer)
	}
	return n.set(mask, values)
}

// SetLabels sets the labels, one an example.
func (n *Net) SetLabels(labels []int) error {
	rows, classes := n.labels.Shape()[0], n.labels.Shape()[1]
	if len(labels) != rows {
		return errors.Errorf("reference: found %d labels, expected %d", len(labels), rows)
	}
	values := make([]float32, rows*classes)
	for i, label := range labels {
		if label < 0 || label >= classes {
			return errors.Errorf("reference: found label %d, expected 0 to %d", label, classes-1)
		}
		values[i*classes+label] = 1
	}
	return n.set(n.labels, values)
}

func (n *Net) set(node *gorgonia.Node, values []float32) error {
	if len(values) != node.Shape().TotalSize() {
		return errors.Errorf("reference: %s: found %d values, expected shape %v", node.Name(), len(values), node.Shape())
	}
	return gorgonia.Let(node, n.tensor(node.Shape(), values))
}

// Grad adds the gradients of the loss towards the named weights, and towards
// no other. Call it once, before Run.
func (n *Net) Grad(names ...string) error {
	nodes, err := n.Nodes(names...)
	if err != nil {
		return err
	}
	grads, err := gorgonia.Grad(n.Loss, nodes...)
	if err != nil {
		return err
	}
	for i, name := range names {
		n.grads[name] = grads[i]
	}
	return nil
}

// Nodes returns the nodes of the named weights.
func (n *Net) Nodes(names ...string) (gorgonia.Nodes, error) {
	var nodes gorgonia.Nodes
	for _, name := range names {
		if n.weights[name] == nil {
			return nil, errors.Errorf("reference: found no weight %q", name)
		}
		nodes = append(nodes, n.weights[name])
	}
	return nodes, nil
}

// Graph returns the graph, for running it with another machine.
func (n *Net) Graph() *gorgonia.ExprGraph { return n.graph }

// Run computes loss, logits and the gradients asked for.
func (n *Net) Run() error {
	if n.machine == nil {
		n.machine = gorgonia.NewTapeMachine(n.graph)
	}
	n.machine.Reset()
	return n.machine.RunAll()
}

// Logits returns a copy of the logits, [N,classes].
func (n *Net) Logits() ([]float64, error) { return Values(n.logits) }

// Gradient returns a copy of the gradient towards a weight named to Grad.
func (n *Net) Gradient(weight string) ([]float64, error) {
	if n.grads[weight] == nil {
		return nil, errors.Errorf("reference: found no gradient towards %q: name it to Grad", weight)
	}
	return Values(n.grads[weight].Value())
}

// Values returns a copy of a value's numbers, row-major.
func Values(v gorgonia.Value) ([]float64, error) {
	if t, ok := v.(*tensor.Dense); ok && (t.RequiresIterator() || t.DataOrder().IsColMajor()) {
		v = t.Materialize().(*tensor.Dense)
	}
	if v == nil {
		return nil, errors.New("reference: found no value: call Run first")
	}
	switch d := v.Data().(type) {
	case []float64:
		return append([]float64(nil), d...), nil
	case []float32:
		return widen(d), nil
	case float64:
		return []float64{d}, nil
	case float32:
		return []float64{float64(d)}, nil
	}
	return nil, errors.Errorf("reference: found a value of %v, expected float64 or float32", v.Dtype())
}
