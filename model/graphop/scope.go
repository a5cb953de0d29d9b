package graphop

import (
	"time"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/internal/winograd"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ErrInput is the cause of errors about values that an operator cannot take.
var ErrInput = errors.New("invalid input of an operator")

// Scope is shared by the operators of one graph. It holds the graph, the number of rows
// in their buffers, and how many of them the next run uses. It belongs to one graph,
// and only one machine at a time may run that graph.
type Scope struct {
	graph    *gorgonia.ExprGraph
	capacity int
	rows     int
	names    map[string]bool
	kept     bool // what is made of constants is kept: see KeepConstants
	observe  func(Event)
	gemm     gemm.Pool
	packed   gemm.Packed // a product's matrix B, shared by all threads
	workers  []scratch
	arena    *arena    // memory of all outputs, nil if each has its own
	next     int       // index of the operator that must run next by the memory plan
	sums     []float32 // partial sums of a gradient, added up before the next operator runs
}

// Event describes one operator's run.
type Event struct {
	Node    string // unique name of the operator's node
	Kind    string // what it computes: "conv", "conv dW", ...
	Inputs  []tensor.Shape
	Output  gorgonia.Value // overwritten by the next run
	Elapsed time.Duration
}

// NewScope returns a Scope for g whose batches have at most capacity rows.
func NewScope(g *gorgonia.ExprGraph, capacity int) *Scope {
	return &Scope{graph: g, capacity: capacity, rows: capacity, names: map[string]bool{}, workers: make([]scratch, parallel.Threads())}
}

// KeepConstants promises that no constant changes from run to run. What a convolution makes
// of its kernels, bias and normalisation is then made once, and not compared with them
// again. It is an error after the first operator.
func (s *Scope) KeepConstants() error {
	if len(s.names) > 0 {
		return errors.Wrap(ErrInput, "keep constants: found operators in the graph, expected none yet")
	}
	s.kept = true
	return nil
}

// keeps reports whether n is a constant, and KeepConstants has been called.
func (s *Scope) keeps(n *gorgonia.Node) bool {
	o, ok := n.Op().(*Operator)
	return s.kept && ok && o.constant != nil
}

// scratch returns one worker's memory.
func (s *Scope) scratch(worker int) *scratch { return &s.workers[worker] }

func (s *Scope) winograd(worker int) *winograd.Scratch { return &s.scratch(worker).winograd }

// Graph returns the graph the operators are in.
func (s *Scope) Graph() *gorgonia.ExprGraph { return s.graph }

// Capacity returns the maximum number of rows of a batch, N in every shape.
func (s *Scope) Capacity() int { return s.capacity }

// Rows returns how many rows of each batch the next run uses.
func (s *Scope) Rows() int { return s.rows }

// SetRows uses only the first n rows of the inputs, for a batch smaller than the
// graph's, such as the last one of an epoch. Shapes do not change. The operators
// neither read nor write the other rows, and sums and means are over n.
func (s *Scope) SetRows(n int) error {
	if n < 1 || n > s.capacity {
		return errors.Wrapf(ErrInput, "batch: found %d rows, expected 1 to %d", n, s.capacity)
	}
	s.rows = n
	return nil
}

// checkBatch returns an error unless x is float32 of shape [N,...], where N is the
// capacity.
func (s *Scope) checkBatch(name string, x *gorgonia.Node) error {
	if shape := x.Shape(); len(shape) == 0 || shape[0] != s.capacity || x.Dtype() != tensor.Float32 {
		return errors.Wrapf(ErrInput, "%s: found input %v of %v, expected [%d,...] of float32: the first side is the Scope's capacity", name, shape, x.Dtype(), s.capacity)
	}
	return nil
}

// Observe sets a function that is called after each operator's run, in the machine's
// goroutine. nil removes it.
func (s *Scope) Observe(f func(Event)) { s.observe = f }
