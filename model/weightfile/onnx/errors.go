package onnx

import "github.com/pkg/errors"

// The causes of Read's errors, beside model.ErrSpec, model.ErrWeights and those
// of the operating system. Test for them with errors.Is.
var (
	// ErrFormat: the bytes are no sound ONNX network.
	ErrFormat = errors.New("damaged ONNX file")
	// ErrUnsupported: a sound network that this package cannot read. The
	// message says which node, and where the network may be cut instead.
	ErrUnsupported = errors.New("unsupported ONNX network")
)

func damaged(format string, args ...any) error { return errors.Wrapf(ErrFormat, format, args...) }

func unsupported(format string, args ...any) error {
	return errors.Wrapf(ErrUnsupported, format, args...)
}
