package weightfile

import (
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
)

// Model is everything that a model file holds.
type Model struct {
	Spec    model.Spec
	Classes []string              // output index -> label, one for each logit
	Prep    dataset.Preprocessing // how the images were prepared
	Weights *model.Weights
	// Seen is which images trained the network, this training's and those before. Its zero value says
	// nothing of them.
	Seen dataset.Seen
	// State holds further numbers by name, all finite: a solver's state in a
	// checkpoint, for instance. Nil for none.
	State map[string][]float32
	// Meta holds further text by name: the command that made the file, a
	// checkpoint's JSON. Names must not begin with "lastlayer.", nor be "trained-on". Nil for none.
	Meta map[string]string
}

// version is the number of our format. It changes when an older program could
// not read the file rightly.
const version = "1"

// Names of metadata and of tensors that are ours.
const (
	ownPrefix   = "lastlayer."
	statePrefix = "state/"

	keyVersion = ownPrefix + "version"
	keySpec    = ownPrefix + "spec"
	keyClasses = ownPrefix + "classes"
	keyPrep    = ownPrefix + "preprocessing"
	keySHA256  = ownPrefix + "sha256"
	keySeen    = "trained-on" // without the prefix, since the first programs take no other names with it
)
