package torch

import (
	"math"
	"strings"

	"github.com/nlpodyssey/gopickle/types"
	"github.com/pkg/errors"
)

// Bounds on what a file may say of a tensor.
const (
	maxRank    = 8
	maxNumbers = math.MaxInt64 / 32 // so that bytes never overflow
)

// tensor is what a pickle rebuilds.
type tensor struct {
	view    *view
	dtype   dtype
	offset  int // in the view, in numbers
	shape   []int
	strides []int
	refused string // why it cannot be read, or empty
	advice  string // what to do then
}

// PySetState passes over attributes that somebody gave a tensor.
func (*tensor) PySetState(any) error { return nil }

// rebuild is PyTorch's function torch._utils._rebuild_ and that name.
func rebuild(name string, args []any) (any, error) {
	switch name {
	case "tensor", "tensor_v2": // storage, offset, size, stride, ...
		return newTensor(args, "")
	case "tensor_v3": // storage, offset, size, stride, requires_grad, hooks, dtype, ...
		if len(args) < 7 {
			return nil, errors.Errorf("tensor: found %d arguments, expected 7", len(args))
		}
		c, ok := args[6].(*class)
		if !ok {
			return nil, errors.New("tensor: found no type")
		}
		return newTensor(args, c.name)
	case "parameter", "parameter_with_state": // tensor, requires_grad, hooks, ...
		if len(args) == 0 {
			return nil, errors.New("parameter: found no tensor")
		}
		return args[0], nil
	case "from_type", "from_type_v2": // function, type, arguments, state
		if len(args) < 3 {
			return nil, errors.Errorf("tensor: found %d arguments, expected 4", len(args))
		}
		function, ok1 := args[0].(*class)
		inner, ok2 := args[2].(*types.Tuple)
		if !ok1 || !ok2 || strings.HasPrefix(function.name, "_rebuild_from_type") {
			return nil, errors.New("tensor: found no function that rebuilds one")
		}
		return function.Call(*inner...)
	}
	for _, kind := range kinds {
		if strings.Contains(name, kind.part) {
			return &tensor{refused: kind.what, advice: kind.advice}, nil
		}
	}
	return &tensor{refused: "made by _rebuild_" + name, advice: "in PyTorch: save a copy of it as a plain tensor"}, nil
}

// kinds are tensors that are no plain numbers, by a part of the name of the
// function that rebuilds them.
var kinds = []struct{ part, what, advice string }{
	{"qtensor", "quantised", "in PyTorch: save the network as it was before, or t.dequantize()"},
	{"sparse", "sparse", "in PyTorch: t.to_dense()"},
	{"nested", "nested", "in PyTorch: save its parts"},
	{"meta", "without numbers, on the device meta", "in PyTorch: load the weights before they are saved"},
}

// newTensor checks a view of a storage: storage, offset, size, stride. A type
// is given where the storage has none.
func newTensor(args []any, typeName string) (*tensor, error) {
	if len(args) < 4 {
		return nil, errors.Errorf("tensor: found %d arguments, expected storage, offset, size and stride", len(args))
	}
	v, ok := args[0].(*view)
	if !ok {
		return nil, errors.New("tensor: found no storage")
	}
	t := &tensor{view: v, dtype: v.storage.dtype}
	numbers := v.numbers
	if typeName != "" {
		if t.dtype, ok = dtypes[typeName]; !ok {
			return &tensor{refused: "of type " + typeName, advice: "in PyTorch: t.float()"}, nil
		}
		numbers = numbers * v.storage.dtype.width / t.dtype.width
	}
	if t.offset, ok = args[1].(int); !ok || t.offset < 0 || t.offset > numbers {
		return nil, errors.Errorf("tensor: found offset %s, expected one within the %d numbers of its storage", show(args[1]), numbers)
	}
	var err error
	if t.shape, err = sides("size", args[2]); err != nil {
		return nil, err
	}
	if t.strides, err = sides("stride", args[3]); err != nil {
		return nil, err
	}
	if len(t.shape) != len(t.strides) {
		return nil, errors.Errorf("tensor: found size %v and stride %v, expected as many of each", t.shape, t.strides)
	}
	if span, ok := t.span(); !ok || span > numbers-t.offset {
		return nil, errors.Errorf("tensor: found size %v, stride %v and offset %d, expected them within the %d numbers of its storage", t.shape, t.strides, t.offset, numbers)
	}
	return t, nil
}

func sides(what string, v any) ([]int, error) {
	t, ok := v.(*types.Tuple)
	if !ok || t.Len() > maxRank {
		return nil, errors.Errorf("tensor: %s: expected a tuple of at most %d", what, maxRank)
	}
	list := make([]int, t.Len())
	for i := range list {
		n, ok := t.Get(i).(int)
		if !ok || n < 0 {
			return nil, errors.Errorf("tensor: %s: found %s, expected whole numbers", what, show(t.Get(i)))
		}
		list[i] = n
	}
	return list, nil
}

// span returns how many numbers of the storage lie from the tensor's first to
// its last, both included, unless that overflows.
func (t *tensor) span() (int, bool) {
	n := 1
	for i, side := range t.shape {
		if side == 0 {
			return 0, true
		}
		if t.strides[i] > 0 && side-1 > (maxNumbers-n)/t.strides[i] {
			return 0, false
		}
		n += (side - 1) * t.strides[i]
	}
	return n, true
}
