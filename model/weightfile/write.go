package weightfile

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"

	"github.com/lastlayer/lastlayer/model"
	"github.com/nlpodyssey/safetensors"
	"github.com/pkg/errors"
)

// Write writes a complete network to path and replaces what is there. The file
// appears whole or not at all: on an error the old one, if any, is still there
// and nothing else. The same network gives the same bytes. The error has
// ErrModel, model.ErrSpec or model.ErrWeights as its cause, or one of the
// operating system.
func Write(path string, n *model.Network) error { return write(path, n, nil, false) }

// WritePartial writes as Write does a network that may lack the weights of
// whole layers, for ReadPartial.
func WritePartial(path string, n *model.Network) error { return write(path, n, nil, true) }

// WriteState writes as Write does a network with further numbers, for
// ReadState.
func WriteState(path string, n *model.Network, state State) error {
	return write(path, n, state, false)
}

func write(path string, n *model.Network, state State, partial bool) error {
	c := ourFile{n, state}
	if err := c.check(path, partial); err != nil {
		return err
	}
	metadata, views, err := c.prepare()
	if err != nil {
		return fault(ErrModel, path, "%v", err)
	}
	return writeSafetensors(path, metadata, views)
}

// prepare returns all that a file says, the checksum included.
func (m *ourFile) prepare() (map[string]string, map[string]view, error) {
	metadata, err := m.metadata()
	if err != nil {
		return nil, nil, err
	}
	values := map[string][]float32{}
	views := map[string]view{}
	add := func(name string, shape []int, v []float32) {
		values[name], views[name] = v, view{shape, v}
	}
	for _, name := range m.Weights.Names() {
		t := m.Weights.Get(name)
		add(name, t.Shape(), t.Float32s())
	}
	for name, v := range m.state {
		add(statePrefix+name, []int{len(v)}, v)
	}
	metadata[keySHA256] = digest(metadata, values)
	return metadata, views, nil
}

// writeSafetensors writes tensors sorted by name, which the safetensors
// package sees to. A header that readHeader would refuse is refused here.
func writeSafetensors(path string, metadata map[string]string, views map[string]view) error {
	text, err := json.Marshal(metadata)
	if err != nil {
		return fault(ErrModel, path, "metadata: %v", err)
	}
	if len(text) > maxMetadata {
		return fault(ErrModel, path, "metadata: found %d bytes as JSON, expected at most %d", len(text), maxMetadata)
	}
	return replaceModel(path, func(w io.Writer) error {
		return errors.WithStack(safetensors.SerializeToWriter(views, metadata, w))
	})
}

// view is a tensor as the safetensors package takes it.
type view struct {
	shape  []int
	values []float32
}

func (v view) DType() safetensors.DType { return safetensors.F32 }

func (v view) Shape() []uint64 {
	shape := make([]uint64, len(v.shape))
	for i, side := range v.shape {
		shape[i] = uint64(side)
	}
	return shape
}

func (v view) DataLen() uint64 { return 4 * uint64(len(v.values)) }

func (v view) Data() []byte {
	b := make([]byte, 0, 4*len(v.values))
	for _, x := range v.values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}
