package weightfile

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Read reads a network from a file that Write made and checks all of it: the
// format, the checksum, every name, shape and number; each weight of the spec
// must be there. It reads what onnx.Write made too; see ReadAs for networks of
// others. The error says in one line what is wrong; its cause is
// ErrFormat, ErrForeign, model.ErrSpec, model.ErrWeights or one of the
// operating system.
func Read(path string) (*model.Network, error) { return network(readFile(path, false)) }

// ReadPartial reads as Read does a file that Write or WritePartial made: the
// weights of whole layers may be missing, as in a file of convolutions alone.
func ReadPartial(path string) (*model.Network, error) { return network(readFile(path, true)) }

// ReadState reads as Read does a file that WriteState made.
func ReadState(path string) (*model.Network, State, error) {
	c, err := readFile(path, false)
	if err != nil {
		return nil, nil, err
	}
	return c.Network, c.state, nil
}

// Decode reads a network from memory, as Read does from disk. The name stands
// for the path in errors.
func Decode(data []byte, name string) (*model.Network, error) {
	return network(decode(bytes.NewReader(data), int64(len(data)), name, false))
}

// DecodePartial reads a network from memory, as ReadPartial does from disk.
func DecodePartial(data []byte, name string) (*model.Network, error) {
	return network(decode(bytes.NewReader(data), int64(len(data)), name, true))
}

func network(c *ourFile, err error) (*model.Network, error) {
	if err != nil {
		return nil, err
	}
	return c.Network, nil
}

func readFile(path string, partial bool) (*ourFile, error) {
	f, size, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if c, err := IdentifyBytes(f, size); err == nil && c.Format == ONNX {
		n, err := readONNX(path, "")
		if err == nil && n.Classes == nil {
			err = fault(ErrForeign, path, "found an ONNX network that does not say what its classes are and how its images are prepared (%s)", convertHint)
		}
		return &ourFile{Network: n}, err
	}
	return decode(f, size, path, partial)
}

// open opens a regular file. Others are refused before they are opened, since
// opening a pipe would wait for its writer.
func open(path string) (*os.File, int64, error) {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, 0, identifyOther(path, info).Refusal(path, "a file")
	}
	if err != nil {
		return nil, 0, errors.WithStack(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, errors.WithStack(err)
	}
	if info, err = f.Stat(); err != nil {
		f.Close()
		return nil, 0, errors.WithStack(err)
	}
	return f, info.Size(), nil
}

func decode(r io.ReaderAt, size int64, file string, partial bool) (*ourFile, error) {
	c, err := IdentifyBytes(r, size)
	if err != nil {
		return nil, errors.Wrap(err, file)
	}
	if c.Format != Safetensors {
		return nil, c.Refusal(file, "a model of ours")
	}
	t, err := readSafetensors(r, size, file)
	if err != nil {
		return nil, err
	}
	m, err := parseMetadata(t.Metadata, file)
	if err != nil {
		return nil, err
	}
	values := make(map[string][]float32, len(t.List))
	for _, e := range t.List {
		if e.DType != "F32" || len(e.Values) == 0 {
			return nil, fault(ErrFormat, file, "tensor %.100q: found %s %v, expected F32 and one number or more", e.Name, e.DType, e.Shape)
		}
		values[e.Name] = e.Values
	}
	want, err := m.Spec.Parameters()
	if err != nil {
		return nil, fault(model.ErrSpec, file, "%s: %v", keySpec, err)
	}
	if err := m.fill(t, want); err != nil {
		return nil, err
	}
	if sum := digest(t.Metadata, values); sum != t.Metadata[keySHA256] {
		return nil, fault(ErrFormat, file, "%s: found %.64q, expected %s: the file was changed after it was written (copy it again)", keySHA256, t.Metadata[keySHA256], sum)
	}
	if err := m.checkWeights(file, partial); err != nil {
		return nil, errors.WithMessage(err, "incomplete model (a retraining that makes the missing layers new completes it)")
	}
	return m, nil
}

// fill puts the tensors where they belong: the spec's into Weights, in the
// spec's order, and the others, which must be state, into State.
func (m *ourFile) fill(t *Tensors, want []model.Parameter) error {
	m.Weights = model.NewWeights()
	found := make(map[string]Tensor, len(t.List))
	for _, e := range t.List {
		found[e.Name] = e
	}
	weights := map[string]bool{}
	for _, p := range want {
		weights[p.Name] = true
		e, ok := found[p.Name]
		if !ok {
			continue // checkWeights decides whether it may be missing
		}
		if fmt.Sprint(e.Shape) != fmt.Sprint(p.Shape) {
			return fault(model.ErrWeights, t.File, "%s: found shape %v, expected %v", p.Name, e.Shape, p.Shape)
		}
		m.Weights.SetValues(p.Name, p.Shape, e.Values)
	}
	for _, e := range t.List {
		if weights[e.Name] {
			continue
		}
		name, ok := stateName(e)
		if !ok {
			return fault(model.ErrWeights, t.File, "tensor %.100q: not a weight of this network, nor state", e.Name)
		}
		if m.state == nil {
			m.state = State{}
		}
		m.state[name] = e.Values
	}
	return nil
}
