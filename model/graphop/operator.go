package graphop

import (
	"fmt"
	"hash"
	"hash/fnv"
	"time"

	"github.com/chewxy/hm"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Cost is the cost of one run of an operator for a full batch.
type Cost struct {
	MultiplyAdds int64 // in its matrix product or convolution
	Bytes        int64 // float32 values read and written once, 4 bytes each
}

// Operator is the operator of a node made by this package. It implements gorgonia.Op
// and gorgonia.SDOp.
//
// Gorgonia merges nodes with equal hashes. The hash here is of the operator's name,
// which is unique in the graph, so two operators are never merged.
type Operator struct {
	buffer // the output, overwritten by the next run

	scope  *Scope
	name   string
	kind   string
	cost   Cost
	in     []hm.Type
	out    hm.Type
	shapes []tensor.Shape // of the inputs
	dtypes []tensor.Dtype // of the inputs
	want   []bool         // which inputs get a gradient

	shares     bool // the output is input 0 itself
	overwrites int  // number of leading inputs that may share the output's memory
	position   int  // place in the run order, once the memory is planned

	conv  *convolution   // the convolution, for other operators nil
	joins *concatenation // the concatenation, for other operators nil
	pools *mapPool       // the maximum pooling without a gradient, for other operators nil
	hides bool           // the output is left to its reader, or written into it, unless Observe is set
	into  *part          // where a hidden output is written; nil if it is left to its reader
	shown *buffer        // memory for a hidden output while Observe is set

	constant *tensor.Dense  // a Constant's tensor, otherwise nil
	result   gorgonia.Value // the output if it is not the buffer, otherwise nil

	// run computes the output from inputs of the right shapes.
	run func(in []gorgonia.Value) error
	// diff adds the gradient nodes: one per input, nil where want is false.
	diff func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error)
}

// operator returns an Operator with a float32 output of that shape.
func (s *Scope) operator(name, kind string, shape tensor.Shape) *Operator {
	return &Operator{buffer: buffer{shape: shape}, scope: s, name: name, kind: kind, out: typeOf(shape)}
}

func typeOf(shape tensor.Shape) hm.Type {
	return gorgonia.TensorType{Dims: len(shape), Of: tensor.Float32}
}

// apply adds the operator to the graph as a node with its name.
func (o *Operator) apply(inputs ...*gorgonia.Node) (*gorgonia.Node, error) {
	if o.scope.names[o.name] {
		return nil, errors.Wrapf(ErrInput, "operator %q: the graph has one of that name", o.name)
	}
	if o.scope.arena != nil {
		return nil, errors.Wrapf(ErrInput, "operator %q: the memory of the graph is planned, nothing can be added to it", o.name)
	}
	for _, n := range inputs {
		o.in = append(o.in, n.Type())
		o.shapes = append(o.shapes, n.Shape())
		o.dtypes = append(o.dtypes, n.Dtype())
	}
	o.scope.names[o.name] = true
	if len(inputs) == 0 {
		return gorgonia.NewUniqueNode(gorgonia.In(o.scope.graph), gorgonia.WithType(o.out),
			gorgonia.WithOp(o), gorgonia.WithShape(o.shape...), gorgonia.WithName(o.name)), nil
	}
	n, err := gorgonia.ApplyOpWithName(o, o.name, inputs...)
	return n, errors.Wrapf(err, "add %s to the graph", o.name)
}

// Kind says what the operator computes: "conv", "conv dW", ...
func (o *Operator) Kind() string { return o.kind }

// Cost returns the cost of one run for a full batch.
func (o *Operator) Cost() Cost { return o.cost }

// Constant returns the tensor of a Constant, and nil for other operators.
func (o *Operator) Constant() *tensor.Dense { return o.constant }

// Arity returns the number of inputs.
func (o *Operator) Arity() int { return len(o.in) }

// Type returns the function type from the inputs to the output.
func (o *Operator) Type() hm.Type {
	if len(o.in) == 0 {
		return o.out
	}
	return hm.NewFnType(append(append([]hm.Type(nil), o.in...), o.out)...)
}

// InferShape returns the output's shape.
func (o *Operator) InferShape(...gorgonia.DimSizer) (tensor.Shape, error) { return o.shape, nil }

// Do checks the inputs and runs the operator. Gorgonia runs it in its own goroutine,
// where the caller cannot recover, so Do turns a panic into an error.
func (o *Operator) Do(in ...gorgonia.Value) (out gorgonia.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.Errorf("%s: %v", o.name, p)
		}
	}()
	if len(in) != len(o.shapes) {
		return nil, errors.Wrapf(ErrInput, "%s: found %d inputs, expected %d", o.name, len(in), len(o.shapes))
	}
	for i, v := range in {
		if v == nil || !v.Shape().Eq(o.shapes[i]) || v.Dtype() != o.dtypes[i] || isView(v) {
			return nil, errors.Wrapf(ErrInput, "%s, input %d: found %s, expected shape %v of %v", o.name, i, describe(v), o.shapes[i], o.dtypes[i])
		}
	}
	if err := o.scope.inOrder(o); err != nil {
		return nil, err
	}
	start := time.Now()
	if err := o.run(in); err != nil {
		return nil, errors.Wrap(err, o.name)
	}
	if out = o.result; out == nil {
		out = o.tensor()
	}
	if o.scope.observe != nil {
		o.scope.observe(Event{o.name, o.kind, o.shapes, out, time.Since(start)})
	}
	return out, nil
}

// isHidden reports whether the current run leaves the output to its reader, or writes it
// into that.
func (o *Operator) isHidden() bool { return o.hides && o.scope.observe == nil }

// tensor returns the output. A hidden output has the right shape, but its values are
// meaningless.
func (o *Operator) tensor() *tensor.Dense {
	if !o.hides || o.isHidden() {
		return o.buffer.tensor()
	}
	if o.shown == nil {
		o.shown = newBuffer(o.shape)
	}
	return o.shown.tensor()
}

// floats returns the output's values.
func (o *Operator) floats() []float32 { return o.tensor().Float32s() }

func describe(v gorgonia.Value) string {
	if v == nil {
		return "nothing"
	}
	if isView(v) {
		return fmt.Sprintf("a view of shape %v that is not row-major and contiguous", v.Shape())
	}
	return fmt.Sprintf("shape %v of %v", v.Shape(), v.Dtype())
}

// isView reports whether v's values are not row-major and contiguous.
func isView(v gorgonia.Value) bool {
	t, ok := v.(*tensor.Dense)
	return ok && (t.RequiresIterator() || !t.DataOrder().IsContiguous() || t.DataOrder().IsColMajor() || t.DataOrder().IsTransposed())
}

// DiffWRT says which inputs get a gradient. A frozen input gets none, so nothing is
// computed for it.
func (o *Operator) DiffWRT(int) []bool { return o.want }

// SymDiff adds the gradient nodes and returns one per input, nil where DiffWRT is
// false.
func (o *Operator) SymDiff(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error) {
	if o.diff == nil {
		return nil, errors.Errorf("%s has no gradient", o.name)
	}
	return o.diff(in, out, grad)
}

// ReturnsPtr is true: the output is the operator's own memory.
func (o *Operator) ReturnsPtr() bool { return true }

// CallsExtern is false: Gorgonia then allocates nothing for the output.
func (o *Operator) CallsExtern() bool { return false }

// OverwritesInput is -1: no input is written to.
func (o *Operator) OverwritesInput() int { return -1 }

// WriteHash writes the unique name.
func (o *Operator) WriteHash(h hash.Hash) { fmt.Fprintf(h, "graphop %s", o.name) }

// Hashcode returns the hash of the unique name.
func (o *Operator) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *Operator) String() string { return o.kind }

// buffer is the memory of an operator's output, returned as a tensor. The first run
// allocates it, so a graph that never runs uses no memory.
type buffer struct {
	shape  tensor.Shape
	t      *tensor.Dense
	arena  *arena // arena that contains the memory, nil if it is separate
	offset int
}

func newBuffer(shape tensor.Shape) *buffer { return &buffer{shape: shape} }

// tensor returns the buffer as a tensor with its shape.
func (b *buffer) tensor() *tensor.Dense {
	if b.t == nil {
		var values []float32
		if n := b.shape.TotalSize(); b.arena != nil {
			values = b.arena.part(b.offset, n)
		} else {
			values = make([]float32, n)
		}
		b.t = tensor.New(tensor.WithShape(b.shape...), tensor.WithBacking(values))
	}
	return b.t
}

// floats returns the buffer's values.
func (b *buffer) floats() []float32 { return b.tensor().Float32s() }

// floats returns the values of an operator's input.
func floats(v gorgonia.Value) []float32 { return v.(*tensor.Dense).Float32s() }

// rowSize is the number of values of one row of a tensor [N,...].
func rowSize(shape tensor.Shape) int { return shape.TotalSize() / shape[0] }

// bytes is the size of float32 tensors of these shapes.
func bytes(shapes ...tensor.Shape) int64 {
	var n int64
	for _, s := range shapes {
		n += 4 * int64(s.TotalSize())
	}
	return n
}
