package feature

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// version changes with the layout of a file or the arithmetic of a layer. Features of
// another version are unusable.
const version = 5

// trunkKey describes a trunk; its JSON is part of the cache key.
type trunkKey struct {
	Input   []int
	Layers  []model.Layer
	Weights []weightKey
}

type weightKey struct {
	Name   string
	Shape  []int
	Values [sha256.Size]byte
}

// keyOf returns the key of a cut network's trunk and the layers whose outputs are the
// features: nil for the trunk's last layer.
func keyOf(n *model.Network, cut model.Cut) (trunk trunkKey, features []string, err error) {
	trunk.Input = n.Spec.Input
	for _, l := range n.Spec.Layers {
		if slices.Contains(cut.Trunk, l.Name) {
			trunk.Layers = append(trunk.Layers, l)
		}
	}
	parameters, err := n.Spec.Parameters()
	if err != nil {
		return trunk, nil, err
	}
	for _, p := range parameters {
		if slices.Contains(cut.Trunk, p.Layer) {
			trunk.Weights = append(trunk.Weights, weightKey{p.Name, p.Shape, n.Weights.Hash(p.Name)})
		}
	}
	for _, f := range cut.Features {
		features = append(features, f.Layer)
	}
	if len(features) == 1 && features[0] == trunk.Layers[len(trunk.Layers)-1].Name {
		features = nil
	}
	return trunk, features, nil
}

// Origin is everything a feature vector depends on besides the image. Vectors with
// equal origins are identical for the same image.
type Origin struct {
	Network   string                `json:"network"` // SHA-256 of the trunk's layers and weights
	Layers    []string              `json:"layers"`  // whose outputs are the features, one after the other
	Shape     []int                 `json:"shape"`   // of one image's features: [C,H,W] or [F]
	Images    []int                 `json:"images"`  // shape of the network's images, [C,H,W]
	Prep      dataset.Preprocessing `json:"preprocessing"`
	Kernel    string                `json:"kernel"`     // of the matrix products; each rounds differently
	ByteOrder string                `json:"byte_order"` // of this machine
	Version   int                   `json:"version"`    // of the arithmetic and the file format
}

// Origin returns what the trunk's features depend on. An empty trunk has no features:
// the error's cause is ErrShard.
func (t *Trunk) Origin() (Origin, error) {
	if t == nil || t.network == nil {
		return Origin{}, errors.Wrap(model.ErrNetwork, "origin: found no trunk, expected one that NewTrunk made")
	}
	if t.empty() {
		return Origin{}, errors.Wrap(ErrShard, "origin: nothing is below the lowest trained layer: there are no features")
	}
	key, layers, err := keyOf(t.network, t.cut)
	if err != nil {
		return Origin{}, err
	}
	marshalled, err := json.Marshal(key)
	if err != nil {
		return Origin{}, errors.Wrap(err, "key of the trunk")
	}
	sum := sha256.Sum256(marshalled)
	if layers == nil {
		layers = []string{t.cut.Features[0].Layer}
	}
	return Origin{
		Network: hex.EncodeToString(sum[:]), Layers: layers, Shape: t.cut.Shape(), Images: t.network.Spec.Input,
		Prep: t.network.Prep, Kernel: gemm.Name(), ByteOrder: binary.NativeEndian.String(), Version: version,
	}, nil
}

// size returns the number of values in a vector, 0 if the shape is invalid.
func (o Origin) size() int {
	const most = 1 << 28
	n := 1
	for _, side := range o.Shape {
		if side < 1 || side > most/n {
			return 0
		}
		n *= side
	}
	return n
}

// difference says how features of o differ from the expected ones; whose describes
// those. It returns "" if they match.
func (o Origin) difference(expected Origin, whose string) string {
	prep, of := o.Prep, expected.Prep
	for _, part := range []struct {
		what            string
		found, expected any
		hint            string
	}{
		{"file version", o.Version, expected.Version, ""},
		{"byte order", o.ByteOrder, expected.ByteOrder, ""},
		{"cut at layer", strings.Join(o.Layers, ", "), strings.Join(expected.Layers, ", "), ""},
		{"images of", fmt.Sprint(o.Images), fmt.Sprint(expected.Images), ""},
		{"shape", fmt.Sprint(o.Shape), fmt.Sprint(expected.Shape), ""},
		{"network (SHA-256 of its frozen layers)", short(o.Network), short(expected.Network), ""},
		{"preprocessing", text(prep), text(of), ""},
		{"kernel of the matrix products", o.Kernel, expected.Kernel, "; it follows from the processor: choose one that all machines have"},
	} {
		if part.found != part.expected {
			return fmt.Sprintf("%s: found %v, expected %v %s%s", part.what, part.found, part.expected, whose, part.hint)
		}
	}
	return ""
}

// text returns v as JSON.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func short(digest string) string { return digest[:min(len(digest), 16)] }
