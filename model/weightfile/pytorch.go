package weightfile

import (
	"io"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/internal/npz"
	"github.com/lastlayer/lastlayer/model/weightfile/torch"
	"github.com/pkg/errors"
)

// readPyTorch reads the state dictionary of a file that torch.save wrote.
// Views come out row-major; numbers that several tensors share, once for each.
func readPyTorch(r io.ReaderAt, size int64, file string) (*Tensors, error) {
	f, err := openPyTorch(r, size)
	if errors.Is(err, torch.ErrNotState) {
		return nil, fault(ErrForeign, file, "%s", strings.TrimSuffix(err.Error(), ": "+torch.ErrNotState.Error()))
	}
	if err != nil {
		return nil, fault(ErrFormat, file, "PyTorch: %v (%s)", err, againHint)
	}
	t := &Tensors{File: file, Metadata: map[string]string{}}
	if len(f.Path) > 0 {
		t.Metadata["pytorch.dictionary"] = strings.Join(f.Path, "/")
	}
	if f.Prefix != "" {
		t.Metadata["pytorch.prefix"] = f.Prefix
	}
	room := npzUnpacked + npzRatio*size
	work := npzRatio * room // numbers that are passed over, of views with gaps
	for i := range f.Tensors {
		e := &f.Tensors[i]
		work -= int64(e.Span)
		values, err := readView(f, e, min(room, work))
		if err != nil {
			return nil, fault(ErrFormat, file, "tensor %.100q: %v", e.Name, err)
		}
		room -= 4 * int64(len(values))
		t.List = append(t.List, Tensor{Name: e.Name, DType: e.DType, Shape: e.Shape, Values: values})
	}
	return t, nil
}

func openPyTorch(r io.ReaderAt, size int64) (*torch.File, error) {
	head, err := readHead(r, size, headLength)
	if err != nil {
		return nil, err
	}
	if looksLikePickle(head) {
		return torch.ReadLegacy(r, size)
	}
	z, err := npz.Open(r, size)
	if err != nil {
		return nil, err
	}
	return torch.ReadZip(z, r, size, npzUnpacked+npzRatio*size)
}

// readView returns the numbers of a tensor, row-major, or nil where they are
// not floating point.
func readView(f *torch.File, e *torch.Tensor, room int64) ([]float32, error) {
	float, ok := floats[e.DType]
	if !ok {
		return nil, nil
	}
	n, err := count(e.Shape, room)
	if err != nil || n == 0 {
		return []float32{}, err
	}
	rowMajor := isRowMajor(e.Shape, e.Strides)
	if !rowMajor && int64(n)+int64(e.Span) > room/4 {
		return nil, errors.Errorf("found %d numbers strewn over %d, expected at most %d of both", n, e.Span, room/4)
	}
	in, err := e.Numbers()
	if err != nil {
		return nil, err
	}
	values, err := float.decode(in, f.Order, e.Span)
	if err != nil || rowMajor {
		return values, err
	}
	return gather(values, e.Shape, e.Strides), nil
}

// isRowMajor reports whether the numbers lie as their shape has them, one after
// the other.
func isRowMajor(shape, strides []int) bool {
	step := 1
	for i, side := range slices.Backward(shape) {
		if side != 1 && strides[i] != step {
			return false
		}
		step *= side
	}
	return true
}
