package weightfile

import "github.com/lastlayer/lastlayer/model"

// ourFile is everything that a file of ours holds.
type ourFile struct {
	*model.Network
	state State
}

// State is further numbers by name, all finite: a solver's in a checkpoint, for
// instance. May be nil.
type State map[string][]float32

// The versions of our format. A file is of version 1 where a program that knows
// no other reads it rightly: its network is a chain of the first five kinds of
// layers.
const (
	versionChain = "1"
	versionGraph = "2"
)

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
