package onnx_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/internal/border"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
)

// TestBorder hands nil and zero values to all that writes or reads: an error, and
// no file.
func TestBorder(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "x.onnx")
	b := border.New(t)
	spec := smallnet.Digits()
	for reason, n := range map[string]*model.Network{
		"no network": nil, "the zero value": {}, "no weights": smallnet.Of(spec, nil), "zero weights": smallnet.Of(spec, &model.Weights{}),
		"no classes": smallnet.Of(spec, smallnet.Init(t, spec)),
	} {
		b.Refuse("Encode", reason, nil, func() error { _, err := onnx.Encode(n, onnx.Options{}); return err })
		b.Refuse("Write", reason, nil, func() error { return onnx.Write(path, n, onnx.Options{}) })
	}
	b.Refuse("Decode", "nothing", onnx.ErrFormat, func() error { _, err := onnx.Decode(nil); return err })
	b.Refuse("Read", "no file", os.ErrNotExist, func() error { _, err := onnx.Read(path); return err })
	b.Refuse("ReadUntil", "no file", os.ErrNotExist, func() error { _, err := onnx.ReadUntil(path, ""); return err })
	b.Complete()
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("found the files %v, expected none", left)
	}
}
