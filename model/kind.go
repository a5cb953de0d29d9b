package model

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Kind is what a layer does, with the fields that say how: Conv{Out: 32, …},
// ReLU{}. The kinds are this package's types that implement it, one file each;
// their JSON names stand in kinds.
type Kind interface {
	// String returns the name of the kind in JSON, "conv".
	String() string

	// output returns the shape of the layer's output, given those of its
	// inputs, of one example: [C,H,W] or [F]. It checks the fields, and whether
	// such inputs can be taken.
	output(in [][]int) ([]int, error)
	// parameters returns the layer's tensors in order, given inputs that output
	// has accepted. Their names are the part alone, "W"; nil for none.
	parameters(in [][]int) []Parameter
	// node adds the layer to the graph.
	node(p *place) (*gorgonia.Node, error)
}

// Kinds that differ from most say so by one of these.
type (
	// inputs tells how many layers the kind takes; others take one.
	inputs interface{ inputs() (least, most int) }
	// absorber tells how many of the layers that follow it one by one, each the
	// only reader of the one before, are computed in its own node; forwardOnly
	// says that no gradient passes there, and that all of them are frozen. An Add
	// among them takes, beside the chain, a layer of the same shape that is built
	// before; there is one only with forwardOnly, and at most one.
	absorber interface {
		absorbs(next []Kind, forwardOnly bool) int
	}
	// follower is a layer with parameters that Last(n) does not count: it goes
	// with the convolution or dense layer before it.
	follower interface{ follows() }
	// trainingOnly is a layer whose node differs between training and evaluation, in
	// which it is the identity.
	trainingOnly interface{ trainingOnly() }
	// firstVersion is a kind, with such fields, that version 1 of our files knew.
	firstVersion interface{ firstVersion() bool }
	// shapeOnly is a layer that changes no number.
	shapeOnly interface{ shapeOnly() }
)

// kinds are the kinds by their names in JSON.
var kinds = tableOf(
	Conv{}, Dense{}, Dropout{}, MaxPool{}, AveragePool{}, GlobalAveragePool{}, GlobalMaxPool{},
	BatchNorm{}, LayerNorm{}, LRN{}, PReLU{}, Add{}, Multiply{}, Concat{}, Slice{}, ChannelShuffle{}, Flatten{}, Pad{},
	ReLU{}, Clip{}, LeakyReLU{}, Sigmoid{}, Tanh{}, HardSigmoid{}, SiLU{}, HardSwish{}, GELU{},
)

// kindTypes are the types in kinds.
var kindTypes = func() map[reflect.Type]bool {
	types := map[reflect.Type]bool{}
	for _, t := range kinds {
		types[t] = true
	}
	return types
}()

func tableOf(list ...Kind) map[string]reflect.Type {
	table := map[string]reflect.Type{}
	for _, k := range list {
		table[k.String()] = reflect.TypeOf(k)
	}
	return table
}

// newKind returns a pointer to a zero kind of that name, to decode into.
func newKind(name string) (reflect.Value, error) {
	t, ok := kinds[name]
	if !ok {
		return reflect.Value{}, errors.Errorf("found kind %.100q, expected one of %s", name, strings.Join(Kinds(), ", "))
	}
	return reflect.New(t), nil
}

// Kinds returns the names of the kinds, in order.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// known reports whether k is a kind of the table: not nil, nor a pointer to
// one, nor another package's type that embeds one.
func known(k Kind) bool { return k != nil && kindTypes[reflect.TypeOf(k)] }

// withoutCause returns an error of the same text, whose cause is the caller's to
// give; nil for nil.
func withoutCause(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(strings.TrimSuffix(err.Error(), ": "+graphop.ErrInput.Error()))
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
