package model

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// ErrWeights is the cause of errors about weights that do not fit a Spec.
var ErrWeights = errors.New("weights do not fit the network")

// Weights is an ordered set of named tensors, all float32, row-major and
// contiguous: "conv1/W" [out,in,kh,kw], "fc1/W" [in,out], "fc1/b" [out]. The
// zero value is an empty set. A nil *Weights can be read, as an empty set, but
// Check and Build refuse it.
type Weights struct {
	names   []string
	tensors map[string]*tensor.Dense
}

// NewWeights returns an empty set.
func NewWeights() *Weights { return &Weights{tensors: map[string]*tensor.Dense{}} }

// Names returns the names in order.
func (w *Weights) Names() []string {
	if w == nil {
		return nil
	}
	return append([]string(nil), w.names...)
}

// Get returns the tensor of that name, or nil. It is the stored tensor, not a
// copy.
func (w *Weights) Get(name string) *tensor.Dense {
	if w == nil {
		return nil
	}
	return w.tensors[name]
}

// Set stores t, not a copy of it, under name: at the end of the order when the
// name is new, otherwise replacing the old one. A Net that was built before
// keeps the old tensor: see Net.CheckWeights.
func (w *Weights) Set(name string, t *tensor.Dense) {
	if w.tensors == nil {
		w.tensors = map[string]*tensor.Dense{}
	}
	if _, ok := w.tensors[name]; !ok {
		w.names = append(w.names, name)
	}
	w.tensors[name] = t
}

// SetValues stores values, not a copy, under name with the given shape, as Set
// does. It panics unless there are as many values as the shape holds.
func (w *Weights) SetValues(name string, shape []int, values []float32) {
	w.Set(name, tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values)))
}

// Clone returns a deep copy.
func (w *Weights) Clone() *Weights {
	c := NewWeights()
	for _, name := range w.Names() {
		t := w.tensors[name]
		if t == nil || t.Dtype() != tensor.Float32 { // which Check refuses
			c.Set(name, t)
			continue
		}
		c.SetValues(name, t.Shape(), append([]float32(nil), t.Float32s()...))
	}
	return c
}

// Hash returns the SHA-256 of the tensor's values as little-endian bytes. Two
// tensors with the same hash are bit-identical. It is all zeros where there is
// no tensor of that name.
func (w *Weights) Hash(name string) [sha256.Size]byte {
	t := w.Get(name)
	if t == nil {
		return [sha256.Size]byte{}
	}
	h := sha256.New()
	var b [4096]byte
	for v := t.Float32s(); len(v) > 0; {
		n := min(len(v), len(b)/4)
		for i, x := range v[:n] {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
		h.Write(b[:4*n])
		v = v[n:]
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Check returns nil when the weights hold exactly what the spec asks for:
// every name, no other name, every shape, float32, finite values. Otherwise
// the error names each difference, wanted and found; its cause is ErrWeights.
func (w *Weights) Check(spec Spec) error {
	want, err := spec.Parameters()
	if err != nil {
		return err
	}
	if w == nil {
		return errors.Wrap(ErrWeights, "found nil, expected weights")
	}
	var wrong []string
	known := map[string]bool{}
	for _, p := range want {
		known[p.Name] = true
		if err := p.Check(w.tensors[p.Name]); err != nil {
			wrong = append(wrong, p.Name+": "+err.Error())
		}
	}
	for _, name := range w.names {
		if t := w.tensors[name]; !known[name] {
			found := "nil"
			if t != nil {
				found = fmt.Sprintf("shape %v", []int(t.Shape()))
			}
			wrong = append(wrong, fmt.Sprintf("%s: found %s, expected nothing: this network has no such weight", name, found))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.Wrap(ErrWeights, strings.Join(wrong, "; "))
}

// Check returns nil when t is a tensor for the parameter: not nil, of its shape,
// float32, row-major and finite. Otherwise the error says what was expected and
// found.
func (p Parameter) Check(t *tensor.Dense) error {
	switch {
	case t == nil || t.Dtype().Type == nil:
		return errors.Errorf("found nothing, expected shape %v", p.Shape)
	case t.Dtype() != tensor.Float32:
		return errors.Errorf("found %v, expected float32", t.Dtype())
	case !slices.Equal([]int(t.Shape()), p.Shape): // Shape.Eq takes [n] and [n,1] for the same
		return errors.Errorf("found shape %v, expected %v", []int(t.Shape()), p.Shape)
	case !t.DataOrder().IsContiguous() || t.DataOrder().IsColMajor() || t.RequiresIterator():
		return errors.New("found a view, expected row-major contiguous values")
	}
	for _, x := range t.Float32s() {
		if x-x != 0 {
			return errors.New("found NaN or Inf among its values")
		}
		if p.NotNegative && x < 0 {
			return errors.Errorf("found %v among its values, expected none below 0", x)
		}
	}
	return nil
}
