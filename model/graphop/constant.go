package graphop

import (
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Constant adds a node that holds t and never changes. It shares t's memory. It is an
// operator without inputs, so no gradient passes through it, and Grad refuses the node.
//
// gorgonia.NewConstant is not used because it hashes a tensor by its abbreviated
// printed form. That takes a second for 3136×1024 values, and two biases that differ
// only in the middle become one node.
func Constant(s *Scope, name string, t *tensor.Dense) (*gorgonia.Node, error) {
	o := s.operator(name, "constant", t.Shape())
	o.constant, o.result = t, t
	o.run = func([]gorgonia.Value) error { return nil }
	return o.apply()
}
