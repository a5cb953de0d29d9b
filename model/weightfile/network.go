package weightfile

import (
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/pkg/errors"
)

// Unsaid is what an ONNX network of another program does not say about itself.
type Unsaid struct {
	Classes []string              // names of the logits; nil for numbers from 0
	Prep    dataset.Preprocessing // how its training images were prepared
	// Until is the layer that the network ends with; empty for the whole network.
	// Only ONNX can be cut this way.
	Until string
}

// ReadAs is Read for ONNX networks of other programs too: u says what the file
// does not. The second result tells whether u was used.
func ReadAs(path string, u Unsaid) (n *model.Network, used bool, err error) {
	c, err := Identify(path)
	if err != nil {
		return nil, false, err
	}
	if c.Format != ONNX {
		n, err := Read(path)
		return n, false, err
	}
	if n, err = readONNX(path, u.Until); err != nil || n.Classes != nil {
		return n, false, err
	}
	n.Classes, n.Prep = append([]string(nil), u.Classes...), u.Prep
	if u.Classes == nil {
		for i := range n.Spec.Classes() {
			n.Classes = append(n.Classes, strconv.Itoa(i))
		}
	}
	return n, true, errors.WithMessage(n.CheckClasses(), path)
}

// KeyNotes is the metadata key of notes on what of an ONNX file is not in the
// network.
const KeyNotes = "onnx.notes"

// readONNX reads a network, without classes and preprocessing where the file
// does not say them.
func readONNX(path, until string) (*model.Network, error) {
	n, err := onnx.ReadUntil(path, until) // all of it for ""
	if err != nil {
		return nil, ofONNX(err)
	}
	if len(n.Notes) > 0 {
		n.Meta = map[string]string{KeyNotes: strings.Join(n.Notes, "; ")}
	}
	return n.Network, nil
}

// ofONNX gives an error of package onnx the cause that this package has for it.
func ofONNX(err error) error {
	for theirs, ours := range map[error]error{onnx.ErrFormat: ErrFormat, onnx.ErrUnsupported: ErrForeign} {
		if errors.Is(err, theirs) {
			return &foreignError{err, ours}
		}
	}
	return err
}

// foreignError is an error of another package with a cause of this one too.
type foreignError struct {
	error
	cause error
}

func (e *foreignError) Is(target error) bool { return target == e.cause }
func (e *foreignError) Unwrap() error        { return e.error }
