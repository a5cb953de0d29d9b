package torch

import (
	"encoding/binary"
	"io"
	"math/big"

	"github.com/lastlayer/lastlayer/internal/typednil"
	"github.com/nlpodyssey/gopickle/types"
	"github.com/pkg/errors"
)

// magic is the first pickle of the older layout, protocol the second.
var magic, _ = new(big.Int).SetString("1950a86a20f9469cfc6c", 16)

const protocol = 1001

// ReadLegacy reads a PyTorch file of that size in the layout before zip: a
// magic number, a protocol's number, what the machine was like, the state
// dictionary, the keys of the storages, each as a pickle, and then each storage
// as its count in 8 bytes and its numbers, little-endian on every machine.
func ReadLegacy(file io.ReaderAt, size int64) (*File, error) {
	if typednil.Is(file) || size < 0 {
		return nil, errors.Errorf("found no file, or one of %d bytes, expected one to read", size)
	}
	p := newParser(size)
	var parts [5]any
	at := int64(0)
	for i, part := range []string{"magic number", "protocol", "system", "state dictionary", "storage keys"} {
		var err error
		if parts[i], at, err = p.unpickle(file, at, size); err != nil {
			return nil, errors.Wrap(err, part)
		}
	}
	if n, ok := parts[0].(*big.Int); !ok || n.Cmp(magic) != 0 {
		return nil, errors.New("magic number: found another, expected PyTorch's")
	}
	if n, ok := parts[1].(int); !ok || n != protocol {
		return nil, errors.Errorf("protocol: found %s, expected %d", show(parts[1]), protocol)
	}
	keys, ok := parts[4].(*types.List)
	if !ok {
		return nil, errors.Errorf("storage keys: found a %s, expected a list", show(parts[4]))
	}
	records := map[string]*record{}
	for _, k := range *keys {
		key, ok := k.(string)
		s := p.storages[key]
		if !ok || s == nil || records[key] != nil {
			return nil, errors.Errorf("storage keys: found %.20q, expected each key of the state dictionary once", key)
		}
		var count [8]byte
		if size-at < int64(len(count)) {
			return nil, errors.Errorf("storage %.20q: cut short", key)
		}
		if _, err := file.ReadAt(count[:], at); err != nil {
			return nil, err
		}
		at += int64(len(count))
		if n := binary.LittleEndian.Uint64(count[:]); n != uint64(s.numbers) {
			return nil, errors.Errorf("storage %.20q: found %d numbers, expected %d", key, n, s.numbers)
		}
		r := &record{bytes: int64(s.numbers) * int64(s.dtype.width)}
		if r.bytes > size-at {
			return nil, errors.Errorf("storage %.20q: found %d bytes, expected %d: cut short", key, size-at, r.bytes)
		}
		r.data = io.NewSectionReader(file, at, r.bytes)
		at += r.bytes
		records[key] = r
	}
	return finish(parts[3], func(key string) (*record, error) {
		if records[key] == nil {
			return nil, errors.New("found it not among the storages")
		}
		return records[key], nil
	})
}
