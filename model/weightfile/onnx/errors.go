package onnx

import (
	"fmt"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// The causes of Read's errors, beside model.ErrSpec, model.ErrWeights and those
// of the operating system. Test for them with errors.Is.
var (
	// ErrFormat: the bytes are not a valid ONNX network.
	ErrFormat = errors.New("damaged ONNX file")
	// ErrUnsupported: a valid network that this package cannot read. The message
	// says which node, and where the network may be cut instead.
	ErrUnsupported = errors.New("unsupported ONNX network")
)

// NodeError is the error about a node that cannot be read. Its cause is ErrUnsupported.
type NodeError struct {
	Node, Operator string
	Reason         string
	// Attention is a node that computes attention, which no layer does. Empty
	// where there is none.
	Attention string
	// Below is the layer that the node reads: ReadUntil reads the network up to
	// there. Empty where there is none.
	Below string
}

func (e *NodeError) Error() string {
	cut := ""
	if e.Below != "" {
		cut = fmt.Sprintf("; the network can be cut below it, at layer %q", e.Below)
	}
	attention := ""
	if e.Attention != "" {
		attention = fmt.Sprintf("attention is not supported, found at node %.100q; reading ended at ", e.Attention)
	}
	return fmt.Sprintf("%snode %.100q (%.40s%s): %s: %v", attention, e.Node, e.Operator, cut, e.Reason, ErrUnsupported)
}

// Is reports whether target is ErrUnsupported.
func (e *NodeError) Is(target error) bool { return target == ErrUnsupported }

// refuse returns the error about a node whose inputs are in.
func (r *reader) refuse(n *operator, in []*value, err error) error {
	if !errors.Is(err, ErrUnsupported) {
		return errors.WithMessagef(err, "node %.100q (%.40s)", n.where(), n.kind)
	}
	e := &NodeError{Node: n.where(), Operator: n.kind, Attention: r.file.attention(),
		Reason: strings.TrimSuffix(err.Error(), ": "+ErrUnsupported.Error())}
	for _, v := range in {
		if v != nil && v.constant == nil && v.layer != model.Images {
			e.Below = v.layer
			break
		}
	}
	return errors.WithStack(e)
}

func damaged(format string, args ...any) error { return errors.Wrapf(ErrFormat, format, args...) }

func unsupported(format string, args ...any) error {
	return errors.Wrapf(ErrUnsupported, format, args...)
}
