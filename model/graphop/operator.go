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

// Cost is what one run of an operator takes for a full batch.
type Cost struct {
	MultiplyAdds int64 // products of its matrix product or convolution
	Bytes        int64 // float32 values read and written once, 4 bytes each
}

// Operator is a node's operator as this package makes it. It implements
// gorgonia.Op and gorgonia.SDOp.
//
// Gorgonia merges nodes whose hashes agree, so the hash is over a name that is
// unique in the graph, and two operators are never taken for one.
type Operator struct {
	buffer // the output: overwritten by the next run

	scope  *Scope
	name   string
	kind   string
	cost   Cost
	in     []hm.Type
	out    hm.Type
	shapes []tensor.Shape // of the inputs
	dtypes []tensor.Dtype // of the inputs
	want   []bool         // towards which inputs there is a gradient

	shares     bool // the output is input 0 itself
	overwrites int  // how many inputs, from the first on, may share the output's memory
	position   int  // when it runs, once the memory is planned

	conv  *convolution // what a convolution computes, otherwise nil
	hides bool         // the output is left to its reader, unless Observe looks
	shown *buffer      // of an output that would be hidden

	constant *tensor.Dense  // what a Constant holds, otherwise nil
	result   gorgonia.Value // the output where it is not the buffer, otherwise nil

	// run computes the output from inputs of the right shapes.
	run func(in []gorgonia.Value) error
	// diff adds the nodes of the gradients: one per input, nil where want is
	// false.
	diff func(in gorgonia.Nodes, out, grad *gorgonia.Node) (gorgonia.Nodes, error)
}

// operator returns an Operator whose output is float32 of that shape.
func (s *Scope) operator(name, kind string, shape tensor.Shape) *Operator {
	return &Operator{buffer: buffer{shape: shape}, scope: s, name: name, kind: kind, out: typeOf(shape)}
}

func typeOf(shape tensor.Shape) hm.Type {
	return gorgonia.TensorType{Dims: len(shape), Of: tensor.Float32}
}

// apply adds the operator to the graph as a node of its name.
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

// Kind says what the operator computes, "conv", "conv dW", ...
func (o *Operator) Kind() string { return o.kind }

// Cost returns what one run takes for a full batch.
func (o *Operator) Cost() Cost { return o.cost }

// Constant returns the tensor that a Constant holds, and nil for other
// operators.
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

// Do checks the inputs and runs the operator. Gorgonia runs it on a goroutine
// of its own, where a caller cannot recover: a panic becomes an error here.
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

// isHidden reports whether the run under way leaves the output to its reader.
func (o *Operator) isHidden() bool { return o.hides && o.scope.observe == nil }

// tensor returns the output. A hidden one has the right shape and no meaning.
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

// DiffWRT says for which inputs there is a gradient. A frozen input has none, so
// nothing is computed for it.
func (o *Operator) DiffWRT(int) []bool { return o.want }

// SymDiff adds the nodes of the gradients and returns one per input, nil where
// DiffWRT is false.
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

// buffer is the memory of an operator's output, handed out as a tensor. It is
// made by the first run, so a graph that never runs takes no memory.
type buffer struct {
	shape  tensor.Shape
	t      *tensor.Dense
	arena  *arena // whose memory it is a part of, nil if it has its own
	offset int
}

func newBuffer(shape tensor.Shape) *buffer { return &buffer{shape: shape} }

// tensor returns the buffer as a tensor of its shape.
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
