package weightfile

import (
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"
)

// Format is a format that package weightfile or one below it reads.
type Format int

// The formats. Content also says what a file in another format is.
const (
	Other       Format = iota // not read
	Safetensors               // ours, or weights of others: Read, ReadTensors
	NPZ                       // ReadTensors
	PyTorch                   // ReadTensors
	ONNX                      // Read, ReadAs
	JSON                      // a spec: ReadSpec
)

// Content is what a file is, by its bytes and not its name.
type Content struct {
	Format Format
	Ours   bool   // safetensors with our metadata; Read checks them
	What   string // "an ONNX network"
	Advice string // what to do with a file that is not read, or empty
	broken bool   // no sound file of any format

	tensors func(r io.ReaderAt, size int64, file string) (*Tensors, error) // for ReadTensors; nil where it does not read them
}

// Identify says what the file or folder at path is. The error is one of the
// operating system's.
func Identify(path string) (Content, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Content{}, errors.WithStack(err)
	}
	if !info.Mode().IsRegular() {
		return identifyOther(path, info), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return Content{}, errors.WithStack(err)
	}
	defer f.Close()
	c, err := IdentifyBytes(f, info.Size())
	return c, errors.Wrap(err, path)
}

// Refusal returns the error of a reader that expected something else, such as
// "a model of ours". Its cause is ErrForeign, or ErrFormat where the content is
// not a sound file of any format that Identify knows.
func (c Content) Refusal(file, expected string) error {
	cause := ErrForeign
	if c.broken {
		cause = ErrFormat
	}
	if c.Advice == "" {
		return fault(cause, file, "found %s, expected %s", c.What, expected)
	}
	return fault(cause, file, "found %s, expected %s (%s)", c.What, expected, c.Advice)
}

// identifyOther says what something is that is no regular file.
func identifyOther(path string, info os.FileInfo) Content {
	if !info.IsDir() {
		return Content{What: "a device or pipe", broken: true}
	}
	entries, _ := os.ReadDir(path) // one that cannot be read is a folder all the same
	for _, e := range entries {
		switch name := e.Name(); filepath.Ext(name) {
		case ".pb":
			if name == "saved_model.pb" {
				return Content{What: "a TensorFlow SavedModel", Advice: savedModelHint}
			}
		case ".index":
			return Content{What: "a folder with a TensorFlow checkpoint", Advice: checkpointHint}
		case ".mlmodel":
			return Content{What: "a Core ML package", Advice: onnxHint}
		case ".safetensors", ".npz", ".pt", ".pth", ".bin", ".onnx":
			return Content{What: "a folder", Advice: "name a file in it: " + strconv.Quote(name), broken: true}
		}
	}
	return Content{What: "a folder", broken: true}
}

// readHead returns the first bytes of a file, at most n.
func readHead(r io.ReaderAt, size int64, n int) ([]byte, error) {
	head := make([]byte, min(size, int64(n)))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return head, nil
}
