package graphop

import (
	"time"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// ErrInput is the cause of errors about values that an operator cannot take.
var ErrInput = errors.New("invalid input of an operator")

// Scope is what the operators of one graph share: the graph, the number of
// rows their buffers hold, and how many of them the next run uses. It belongs
// to one graph, and one machine at a time may run that graph.
type Scope struct {
	graph    *gorgonia.ExprGraph
	capacity int
	rows     int
	names    map[string]bool
	observe  func(Event)
	gemm     gemm.Pool
	packed   gemm.Packed // of a product that all threads share
	workers  []scratch
	arena    *arena    // the memory of all outputs, nil if each has its own
	next     int       // operator that the plan of the memory has as the next one
	sums     []float32 // parts of a gradient, added up before the next operator runs
}

// An Event tells what one operator did in one run.
type Event struct {
	Node    string // unique name of the operator's node
	Kind    string // what it computes, "conv", "conv dW", ...
	Inputs  []tensor.Shape
	Output  gorgonia.Value // overwritten by the next run
	Elapsed time.Duration
}

// NewScope returns a Scope for g whose batches have at most capacity rows.
func NewScope(g *gorgonia.ExprGraph, capacity int) *Scope {
	return &Scope{graph: g, capacity: capacity, rows: capacity, names: map[string]bool{}, workers: make([]scratch, parallel.Threads())}
}

// scratch returns the memory of one worker.
func (s *Scope) scratch(worker int) *scratch { return &s.workers[worker] }

// Graph returns the graph the operators are in.
func (s *Scope) Graph() *gorgonia.ExprGraph { return s.graph }

// Capacity returns the largest number of rows of a batch, N in every shape.
func (s *Scope) Capacity() int { return s.capacity }

// Rows returns how many rows of each batch the next run uses.
func (s *Scope) Rows() int { return s.rows }

// SetRows says that only the first n rows of the inputs are real, for a batch
// smaller than the graph's: the last one of an epoch, say. Shapes stay as they
// are; the operators neither read nor write the rows beyond, and sums and
// means are over n.
func (s *Scope) SetRows(n int) error {
	if n < 1 || n > s.capacity {
		return errors.Wrapf(ErrInput, "batch: found %d rows, expected 1 to %d", n, s.capacity)
	}
	s.rows = n
	return nil
}

// checkBatch returns an error unless x is float32 of shape [N,...], with N the
// capacity.
func (s *Scope) checkBatch(name string, x *gorgonia.Node) error {
	if shape := x.Shape(); len(shape) == 0 || shape[0] != s.capacity || x.Dtype() != tensor.Float32 {
		return errors.Wrapf(ErrInput, "%s: found input %v of %v, expected [%d,...] of float32: the first side is the Scope's capacity", name, shape, x.Dtype(), s.capacity)
	}
	return nil
}

// Observe makes f be called after each operator's run, on the machine's goroutine; nil
// ends that.
func (s *Scope) Observe(f func(Event)) { s.observe = f }
