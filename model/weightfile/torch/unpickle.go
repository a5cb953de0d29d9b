package torch

import (
	"bytes"
	"io"
	"math/big"
	"strconv"

	"github.com/nlpodyssey/gopickle/pickle"
	"github.com/nlpodyssey/gopickle/types"
	"github.com/pkg/errors"
)

// parser holds what the pickles of one file have in common.
type parser struct {
	storages map[string]*storage
	budget   int // what its further pickles may allocate
}

func newParser(size int64) *parser { return &parser{map[string]*storage{}, budget(size)} }

// maxPickle bounds a pickle's length; scan bounds what it can do.
const maxPickle = 16 << 20

// unpickle runs the pickle at that place of the file and returns its result and
// where it ends.
func (p *parser) unpickle(r io.ReaderAt, at, end int64) (any, int64, error) {
	var data []byte
	for size := int64(1 << 12); ; size *= 8 {
		size = min(size, end-at, maxPickle)
		data = make([]byte, size)
		if n, err := r.ReadAt(data, at); n < len(data) {
			return nil, 0, errors.Wrap(err, "pickle")
		}
		n, cost, err := scan(data, p.budget)
		if err == errShort && size < min(end-at, maxPickle) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		p.budget -= cost
		v, err := p.run(data[:n])
		return v, at + int64(n), err
	}
}

// run runs a pickle that scan has passed.
func (p *parser) run(data []byte) (result any, err error) {
	defer func() {
		if r := recover(); r != nil { // gopickle panics on damaged pickles
			err = errors.Errorf("pickle: damaged: %v", r)
		}
	}()
	u := pickle.NewUnpickler(bytes.NewReader(data))
	u.FindClass = func(module, name string) (any, error) { return &class{module, name}, nil }
	u.PersistentLoad = p.persistent
	if result, err = u.Load(); err != nil {
		const limit = 200 // gopickle prints whole tuples
		msg := err.Error()
		return nil, errors.Errorf("pickle: %s", msg[:min(len(msg), limit)])
	}
	return result, nil
}

// item is an entry of a dictionary.
type item struct{ key, value any }

// items returns the entries of a dictionary, in order. Of a key that is set
// again the last value counts, as in Python.
func items(v any) ([]item, bool) {
	var list []item
	switch d := v.(type) {
	case *types.Dict:
		places := make(map[string]int, len(*d))
		for _, e := range *d {
			key, isText := e.Key.(string)
			if i, again := places[key]; isText && again {
				list[i].value = e.Value
				continue
			}
			if isText {
				places[key] = len(list)
			}
			list = append(list, item{e.Key, e.Value})
		}
	case *types.OrderedDict:
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			list = append(list, item{entry.Key, entry.Value})
		}
	default:
		return nil, false
	}
	return list, true
}

// show returns a number, or what type a value of a pickle has. It prints no
// more of it, since values may hold themselves.
func show(v any) string {
	if n, ok := v.(int); ok {
		return strconv.Itoa(n)
	}
	return typeOf(v)
}

// typeOf names the type of a value of a pickle, as Python does.
func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case []byte, *types.ByteArray:
		return "bytes"
	case *types.List:
		return "list"
	case *types.Tuple:
		return "tuple"
	case *types.Dict, *types.OrderedDict:
		return "dict"
	case *tensor:
		return "tensor"
	case *object:
		return v.class.String()
	case *class:
		return "class " + v.String()
	}
	return "object"
}
