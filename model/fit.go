package model

import (
	"maps"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
)

// ErrData is the cause of errors about examples that do not fit a network.
var ErrData = errors.New("the data does not fit the network")

// Prepare returns the set prepared as what trained the network, for a training
// on other classes: labels stay as they are. Grey images of the other polarity
// become their negatives; images in colours, or of another shape, are an ErrData.
func (n *Network) Prepare(set *dataset.Set) (*dataset.Set, error) {
	switch {
	case n == nil:
		return nil, errors.Wrap(ErrNetwork, "prepare data: found no network")
	case set == nil:
		return nil, errors.Wrap(ErrData, "found no images")
	case !slices.Equal(set.Shape, n.Spec.Input):
		return nil, errors.Wrapf(ErrData, "%s: found images of %v, the network takes %v", set.Name, set.Shape, n.Spec.Input)
	}
	prepared, err := set.Prepared(n.Prep)
	if errors.Is(err, dataset.ErrArgument) {
		return nil, errors.Wrap(ErrData, err.Error())
	}
	return prepared, err
}

// Fit returns the set as the network takes it: prepared as by Prepare, and its
// labels numbered as the network's outputs, by their names. Images of classes
// that the network does not know are left out, and counted by class.
func (n *Network) Fit(set *dataset.Set) (fitted *dataset.Set, leftOut map[string]int, err error) {
	if fitted, err = n.Prepare(set); err != nil {
		return nil, nil, err
	}
	return fitted.Numbered(n.Classes)
}

// FitAll is Fit for a training that keeps the network's classes: those of the set
// must be the same, in whatever order. Otherwise the error is an ErrData.
func (n *Network) FitAll(set *dataset.Set) (*dataset.Set, error) {
	if n != nil && set != nil && len(set.Classes) != len(n.Classes) {
		return nil, errors.Wrapf(ErrData, "the network has %d classes, %s has %d: %s and %s", len(n.Classes), set.Name, len(set.Classes), dataset.Classes(n.Classes), dataset.Classes(set.Classes))
	}
	fitted, leftOut, err := n.Fit(set)
	if len(leftOut) > 0 {
		return nil, errors.Wrapf(ErrData, "%s: the network does not know %s, only %s", set.Name, dataset.Classes(slices.Sorted(maps.Keys(leftOut))), dataset.Classes(n.Classes))
	}
	return fitted, err
}
