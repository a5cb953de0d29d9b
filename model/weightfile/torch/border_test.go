package torch_test

import (
	"archive/zip"
	"bytes"
	"os"
	"testing"

	"github.com/lastlayer/lastlayer/internal/border"
	"github.com/lastlayer/lastlayer/model/weightfile/torch"
)

// TestBorder hands nil and zero values to the readers.
func TestBorder(t *testing.T) {
	var file *os.File
	b := border.New(t)
	b.Refuse("ReadLegacy", "no file", nil, func() error { _, err := torch.ReadLegacy(nil, 100); return err })
	b.Refuse("ReadLegacy", "a nil pointer", nil, func() error { _, err := torch.ReadLegacy(file, 100); return err })
	b.Refuse("ReadLegacy", "an empty file", nil, func() error { _, err := torch.ReadLegacy(bytes.NewReader(nil), 0); return err })
	b.Refuse("ReadLegacy", "a length below 0", nil, func() error { _, err := torch.ReadLegacy(bytes.NewReader(nil), -1); return err })
	b.Refuse("ReadZip", "no archive", nil, func() error { _, err := torch.ReadZip(nil, bytes.NewReader(nil), 0, 0); return err })
	b.Refuse("ReadZip", "an empty archive", nil, func() error { _, err := torch.ReadZip(&zip.Reader{}, bytes.NewReader(nil), 0, 0); return err })
	b.Refuse("Tensor.Numbers", "nil", nil, func() error { var x *torch.Tensor; _, err := x.Numbers(); return err })
	b.Refuse("Tensor.Numbers", "an entry that is no tensor", nil, func() error { _, err := (&torch.Tensor{Name: "step", DType: "int"}).Numbers(); return err })
	b.Complete()
}
