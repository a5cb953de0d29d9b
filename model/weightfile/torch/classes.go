package torch

import (
	"strings"

	"github.com/nlpodyssey/gopickle/types"
	"github.com/pkg/errors"
)

// class is anything that a pickle names: a class, a function or a constant.
// Calling it runs nothing of its own.
type class struct{ module, name string }

func (c *class) String() string { return c.module + "." + c.name }

// Call returns what calling the function gives: a tensor for those that rebuild
// one, and an empty object for all others.
func (c *class) Call(args ...any) (any, error) {
	switch {
	case (c.module == "torch._utils" || c.module == "torch._tensor") && strings.HasPrefix(c.name, "_rebuild_"):
		return rebuild(strings.TrimPrefix(c.name, "_rebuild_"), args)
	case c.module == "torch.nn.parameter" && (c.name == "Parameter" || c.name == "Buffer") && len(args) > 0:
		return args[0], nil
	}
	return &object{class: c}, nil
}

// PyNew is Call for classes whose instances are made without it.
func (c *class) PyNew(args ...any) (any, error) { return c.Call(args...) }

// object is an instance of a class that is not known here. It takes whatever a
// pickle gives it, and keeps nothing.
type object struct{ class *class }

func (*object) PySetState(any) error        { return nil }
func (*object) Set(_, _ any)                {}
func (*object) Append(any)                  {}
func (*object) Add(any)                     {}
func (o *object) Call(...any) (any, error)  { return o, nil }
func (o *object) PyNew(...any) (any, error) { return o, nil }
func (*object) PySetAttr(string, any) error { return nil }

// dtype is a type of numbers.
type dtype struct {
	name  string // as safetensors has it
	width int    // in bytes
}

// storages are the types of numbers by the class of their storage in
// module torch or torch.cuda.
var storages = map[string]dtype{
	"FloatStorage": {"F32", 4}, "DoubleStorage": {"F64", 8}, "HalfStorage": {"F16", 2}, "BFloat16Storage": {"BF16", 2},
	"LongStorage": {"I64", 8}, "IntStorage": {"I32", 4}, "ShortStorage": {"I16", 2}, "CharStorage": {"I8", 1},
	"ByteStorage": {"U8", 1}, "BoolStorage": {"BOOL", 1}, "UntypedStorage": {"U8", 1}, "_UntypedStorage": {"U8", 1},
	"ComplexFloatStorage": {"C64", 8}, "ComplexDoubleStorage": {"C128", 16},
	"QInt8Storage": {"I8", 1}, "QUInt8Storage": {"U8", 1}, "QInt32Storage": {"I32", 4}, "QUInt4x2Storage": {"U8", 1}, "QUInt2x4Storage": {"U8", 1},
}

// dtypes are the types of numbers by their name in module torch.
var dtypes = map[string]dtype{
	"float32": {"F32", 4}, "float64": {"F64", 8}, "float16": {"F16", 2}, "bfloat16": {"BF16", 2},
	"int64": {"I64", 8}, "int32": {"I32", 4}, "int16": {"I16", 2}, "int8": {"I8", 1}, "uint8": {"U8", 1}, "bool": {"BOOL", 1},
	"uint16": {"U16", 2}, "uint32": {"U32", 4}, "uint64": {"U64", 8}, "complex32": {"C32", 4}, "complex64": {"C64", 8}, "complex128": {"C128", 16},
	"float8_e4m3fn": {"F8_E4M3", 1}, "float8_e5m2": {"F8_E5M2", 1}, "float8_e4m3fnuz": {"F8_E4M3FNUZ", 1}, "float8_e5m2fnuz": {"F8_E5M2FNUZ", 1},
}

// storage is a run of numbers in the file, which tensors view.
type storage struct {
	key     string
	dtype   dtype
	numbers int
}

// view is a part of a storage; the older layout has them.
type view struct {
	storage *storage
	offset  int // in numbers
	numbers int
}

// persistent returns what a persistent id stands for: a storage, or, in the
// older layout, a class with its source.
func (p *parser) persistent(id any) (any, error) {
	t, ok := id.(*types.Tuple)
	if !ok || t.Len() < 2 {
		return nil, errors.New("storage: found no tuple that says what it is")
	}
	if kind, _ := t.Get(0).(string); kind == "module" {
		return t.Get(1), nil
	} else if kind != "storage" || t.Len() < 5 {
		return nil, errors.Errorf("storage: found the kind %.20q of %d parts, expected \"storage\" of 5 or 6", kind, t.Len())
	}
	c, ok := t.Get(1).(*class)
	if !ok {
		return nil, errors.New("storage: found no class")
	}
	d, known := storages[c.name]
	key, isText := t.Get(2).(string)
	n, isCount := t.Get(4).(int)
	if !known || !isText || !isCount || n < 0 || n > maxNumbers {
		return nil, errors.Errorf("storage %.20q: found class %.50s and %s numbers, expected a class of storages and a count", key, c, show(t.Get(4)))
	}
	s := p.storages[key]
	if s == nil {
		s = &storage{key, d, n}
		p.storages[key] = s
	}
	if s.dtype != d || s.numbers != n {
		return nil, errors.Errorf("storage %.20q: found %d numbers of %s and %d of %s", key, s.numbers, s.dtype.name, n, d.name)
	}
	v := &view{s, 0, n}
	if t.Len() < 6 || t.Get(5) == nil {
		return v, nil
	}
	part, ok := t.Get(5).(*types.Tuple)
	if !ok || part.Len() != 3 {
		return nil, errors.Errorf("storage %.20q: found a part without offset and length", key)
	}
	offset, ok1 := part.Get(1).(int)
	length, ok2 := part.Get(2).(int)
	if !ok1 || !ok2 || offset < 0 || length < 0 || offset > n || length > n-offset {
		return nil, errors.Errorf("storage %.20q: found a part from %s of %s numbers, expected one within %d", key, show(part.Get(1)), show(part.Get(2)), n)
	}
	return &view{s, offset, length}, nil
}
