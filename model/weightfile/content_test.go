package weightfile

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// contents are the beginnings of files that people name where weights are
// expected, what each is, and a word of what to do.
func contents(t testing.TB) map[string]struct {
	data         []byte
	what, advice string
} {
	text := func(s string) []byte { return []byte(s) }
	onnx, err := os.ReadFile("../../testdata/peers/torch.onnx")
	if err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		data         []byte
		what, advice string
	}{
		"nothing":                {nil, "an empty file", "again"},
		"zeros":                  {make([]byte, 5000), "nothing but zeros", "again"},
		"unknown":                {text("\xfe\xdc\xba\x98"), "no known kind", "again"},
		"Keras HDF5":             {text("\x89HDF\r\n\x1a\n"), "an HDF5 file, as Keras", "numpy.savez"},
		"Keras zip":              {archive(t, "", "metadata.json", "{}", "config.json", "{}", "model.weights.h5", "x"), "a Keras file", "onnx"},
		"ONNX":                   {onnx, "an ONNX network", "a whole network"},
		"ONNX, cut":              {onnx[:len(onnx)/2], "an ONNX network", ""},
		"SavedModel":             {text("\x08\x01\x12\x02\x0a\x00"), "a TensorFlow SavedModel", "tf2onnx"},
		"frozen graph":           {text("\x0a\x10\x0a\x01x\x12\x0bPlaceholder\x22\x00"), "a TensorFlow graph", "--graphdef"},
		"TensorFlow Lite":        {text("\x1c\x00\x00\x00TFL3\x00"), "TensorFlow Lite", "--tflite"},
		"checkpoint's index":     {append(make([]byte, 40), sstableMagic...), "index of a TensorFlow checkpoint", "load_variable"},
		"checkpoint's list":      {text(`model_checkpoint_path: "model.ckpt-7"`), "TensorFlow checkpoint", "load_variable"},
		"Core ML":                {text("\x08\x01\x12\x00\xa2\x1f\x00"), "Core ML", "ONNX"},
		"Caffe":                  {text("\x0a\x03net\xa2\x06\x00"), "Caffe", "ONNX"},
		"GGUF":                   {text("GGUF\x03\x00\x00\x00"), "a GGUF file", ""},
		"array":                  {text("\x93NUMPY\x01\x00"), "a single NumPy array", "numpy.savez"},
		"pickle":                 {text("\x80\x04\x95\x10"), "a Python pickle, not of PyTorch", "numpy.savez"},
		"PyTorch":                {torchFile(t, "plain-zip.pt"), "a PyTorch file", "mnist convert"},
		"PyTorch, old":           {torchFile(t, "plain-old.pt"), "a PyTorch file", "mnist convert"},
		"npz":                    {archive(t, "", "a.npy", npyText("{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n")+"1234"), "an npz file", "mnist convert"},
		"TorchScript":            {archive(t, "", "net/data.pkl", "x", "net/constants.pkl", "x"), "TorchScript", "torch.jit.load"},
		"gzip":                   {text("\x1f\x8b\x08"), "a gzip archive", "gunzip"},
		"tar":                    {append(make([]byte, 257), "ustar\x0000"...), "a tar archive", "unpack"},
		"zip of other things":    {archive(t, "", "net/a.safetensors", "x"), `a zip archive of "net/a.safetensors"`, "unpack"},
		"zip of nothing":         {archive(t, ""), "an empty zip archive", ""},
		"zip, cut":               {archive(t, "", "a.npy", "x")[:40], "a zip archive that cannot be read", "again"},
		"HTML page":              {text("\r\n<!DOCTYPE html>\n<html>"), "an HTML page", "a download that failed"},
		"XML error":              {text(`<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`), "server's error", "a download that failed"},
		"JSON error":             {text(`{"error":"Repository not found"}`), "server's error", "a download that failed"},
		"text":                   {text("Entry not found"), `a text that begins with "Entry not found"`, "fetch it again"},
		"LFS pointer":            {text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n"), "a Git LFS pointer", "git lfs pull"},
		"index of several files": {text("{\n  \"metadata\": {},\n  \"weight_map\": {}}"), "in several files", "one"},
		"a spec":                 {text(`{"input": [4], "layers": []}`), "layers as JSON, without weights", ""},
		"PNG":                    {text("\x89PNG\r\n\x1a\n"), "an image file (image/png)", ""},
		"JPEG":                   {text("\xff\xd8\xff\xe0"), "an image file (image/jpeg)", ""},
	}
}

// Every reader says what a file is that it does not read, and what to do.
func TestReadersSayWhatAFileIs(t *testing.T) {
	for name, test := range contents(t) {
		_, tensors := decodeTensors(bytes.NewReader(test.data), int64(len(test.data)), "m.safetensors")
		_, ours := Decode(test.data, "m.safetensors")
		path := filepath.Join(t.TempDir(), "m.safetensors")
		if err := os.WriteFile(path, test.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, spec := ReadSpec(path)
		for reader, err := range map[string]error{"ReadTensors": tensors, "Decode": ours, "ReadSpec": spec} {
			if reader == "ReadSpec" && strings.Contains(test.what, "JSON") || reader == "ReadTensors" && strings.Contains(test.advice, "mnist convert") {
				continue // its own to read
			}
			if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrForeign) {
				t.Errorf("%s of %s: found %v, expected ErrFormat or ErrForeign", reader, name, err)
				continue
			}
			if msg := err.Error(); !strings.Contains(msg, test.what) || !strings.Contains(msg, test.advice) || strings.Contains(msg, "header length") || strings.Contains(msg, "\n") {
				t.Errorf("%s of %s: found %q, expected it to say %q and %q", reader, name, msg, test.what, test.advice)
			}
		}
	}
}

func TestIdentifyFolders(t *testing.T) {
	for file, want := range map[string]string{
		"": "a folder", "saved_model.pb": "a TensorFlow SavedModel", "model.ckpt-7.index": "TensorFlow checkpoint", "model.safetensors": "a folder",
	} {
		folder := t.TempDir()
		if file != "" {
			if err := os.WriteFile(filepath.Join(folder, file), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		c, err := Identify(folder)
		if err != nil || !strings.Contains(c.What, want) {
			t.Errorf("%q: found %+v, %v, expected %q", file, c, err, want)
		}
		_, err = ReadTensors(folder)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: found %v", file, err)
		}
	}
	if _, err := Identify(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: found %v, expected os.ErrNotExist", err)
	}
}

// No bytes of a real file, cut anywhere, are taken for another format's.
func TestIdentifyOurs(t *testing.T) {
	data := encode(t, small(t))
	for n := 9; n <= len(data); n++ {
		if c, err := IdentifyBytes(bytes.NewReader(data[:n]), int64(n)); err != nil || c.Format != Safetensors {
			t.Fatalf("%d bytes: found %+v, %v", n, c, err)
		}
	}
}
