package model

import (
	"maps"
	"math/rand/v2"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
)

// Network is all that is needed to use a network: what it is, its weights, what
// its outputs are called, and how its images must be prepared.
type Network struct {
	Spec    Spec
	Weights *Weights
	Classes []string              // names of the logits, in their order
	Prep    dataset.Preprocessing // of every image that the network sees
	// Seen is which images trained the network, in its last training and those
	// before. The zero value says nothing of them.
	Seen dataset.Seen
	// Meta is further text by name that travels with the network: the command
	// that made it, for instance. Names do not begin with "lastlayer.". Nil for
	// none.
	Meta map[string]string
}

// New returns a network with fresh weights drawn by Init from seed.
func New(spec Spec, classes []string, prep dataset.Preprocessing, rng *rand.Rand) (*Network, error) {
	w, err := Init(spec, rng)
	if err != nil {
		return nil, err
	}
	n := &Network{Spec: spec, Weights: w, Classes: append([]string(nil), classes...), Prep: prep}
	return n, n.Check()
}

// initStream keeps the random numbers of Fresh's weights apart from all others
// drawn from the same seed.
const initStream = 0x1417

// Fresh returns a network to be trained on data from scratch: spec with the input
// of its images and an output for each of its classes, with fresh weights drawn
// from seed.
func Fresh(spec Spec, data *dataset.Set, seed uint64) (fresh *Network, err error) {
	defer dataset.CatchUnreadable(&err)
	if data == nil {
		return nil, errors.Wrap(ErrData, "found no images")
	}
	if n := len(data.Classes); n < 2 {
		return nil, errors.Wrapf(ErrData, "%s: found %d class, %s, expected 2 or more: with one every answer is right", data.Name, n, strings.Join(data.Classes, ", "))
	}
	if spec, err = spec.WithClasses(len(data.Classes)); err != nil {
		return nil, err
	}
	spec.Input = data.ExampleShape()
	n, err := New(spec, data.Classes, data.Prep, rand.New(rand.NewPCG(seed, initStream)))
	if err != nil {
		return nil, err
	}
	n.Seen = data.Seen()
	return n, nil
}

// ErrNetwork is the cause of errors about a Network whose parts do not fit
// together.
var ErrNetwork = errors.New("incomplete network")

// Check returns nil when the network can be built and used, otherwise an error
// whose cause is ErrNetwork, ErrSpec or ErrWeights.
func (n *Network) Check() error {
	if n == nil {
		return errors.Wrap(ErrNetwork, "found no network")
	}
	if err := n.Weights.Check(n.Spec); err != nil {
		return err
	}
	return n.CheckClasses()
}

// CheckClasses returns nil when there is a class for each logit, each with a
// name of its own, and the preprocessing is valid.
func (n *Network) CheckClasses() error {
	if n == nil {
		return errors.Wrap(ErrNetwork, "found no network")
	}
	if found, want := len(n.Classes), n.Spec.Classes(); found != want {
		return errors.Wrapf(ErrNetwork, "classes: found %d labels, expected %d, one for each logit", found, want)
	}
	seen := map[string]bool{}
	for i, label := range n.Classes {
		if label == "" || seen[label] {
			return errors.Wrapf(ErrNetwork, "classes: label %d: found %.100q, expected a name that no other class has", i, label)
		}
		seen[label] = true
	}
	if err := n.Prep.Validate(); err != nil {
		return errors.Wrap(err, "preprocessing")
	}
	return errors.Wrap(n.Prep.CheckShape(n.Spec.Input), "preprocessing")
}

// Clone returns a deep copy.
func (n *Network) Clone() *Network {
	return &Network{n.Spec.Clone(), n.Weights.Clone(), append([]string(nil), n.Classes...), n.Prep, n.Seen, maps.Clone(n.Meta)}
}
