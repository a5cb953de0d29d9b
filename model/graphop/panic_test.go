package graphop

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestPanic makes sure that a panic inside an operator becomes an error that names the
// operator. Callers could not recover it in Gorgonia's goroutine.
func TestPanic(t *testing.T) {
	for _, test := range []struct {
		reason string
		run    func([]gorgonia.Value) error
	}{
		{"on the machine's goroutine", func([]gorgonia.Value) error { panic("broken") }},
		{"on a worker", func([]gorgonia.Value) error {
			parallel.For(8, func(_, i int) {
				if i == 5 {
					panic("broken")
				}
			})
			return nil
		}},
	} {
		s := NewScope(gorgonia.NewGraph(), 1)
		x := gorgonia.NewVector(s.graph, tensor.Float32, gorgonia.WithShape(1), gorgonia.WithName("x"), gorgonia.WithInit(gorgonia.Zeroes()))
		o := s.operator("bad", "bad", tensor.Shape{1})
		o.run = test.run
		if _, err := o.apply(x); err != nil {
			t.Fatal(err)
		}
		vm := gorgonia.NewTapeMachine(s.graph)
		if err := vm.RunAll(); err == nil || !strings.Contains(err.Error(), "bad: broken") {
			t.Errorf("%s: found error %v, expected one that names the operator", test.reason, err)
		}
		vm.Close()
	}
}

// TestNoGradient makes sure that asking for a missing gradient is an error.
func TestNoGradient(t *testing.T) {
	o := NewScope(gorgonia.NewGraph(), 1).operator("conv dW", "conv dW", tensor.Shape{1})
	if _, err := o.SymDiff(nil, nil, nil); err == nil {
		t.Error("found no error")
	}
}
