package transfer_test

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// TestUntil cuts a network with several paths, and puts a head on what is left.
func TestUntil(t *testing.T) {
	data, _ := sample(t, 20, 10)
	spec := smallnet.Residual()
	n := &model.Network{Spec: spec, Weights: initial(t, spec), Classes: data.Classes, Prep: data.Prep}
	for _, test := range []struct {
		layer            string
		layers, features int
	}{
		{"relu2", 7 + 1, 4 * 14 * 14},
		{"down", 8 + 1, 8 * 7 * 7}, // not conv3
		{"fc", 14, 10},
	} {
		part, err := transfer.Until(n, test.layer)
		must(t, err)
		if len(part.Spec.Layers) != test.layers || part.Spec.Classes() != test.features || len(part.Classes) != test.features {
			t.Errorf("%s: found %d layers and %d features, expected %d and %d", test.layer, len(part.Spec.Layers), len(part.Classes), test.layers, test.features)
		}
		for _, name := range part.Weights.Names() {
			if part.Weights.Hash(name) != n.Weights.Hash(name) || part.Weights.Get(name) == n.Weights.Get(name) {
				t.Errorf("%s: %s is no copy", test.layer, name)
			}
		}
		of, err := transfer.HeadOn(part, test.layer, false, data.Classes, 1)
		must(t, err)
		whole, err := transfer.HeadOn(n, test.layer, false, data.Classes, 1)
		must(t, err)
		for _, name := range whole.Weights.Names() {
			if of.Weights.Hash(name) != whole.Weights.Hash(name) {
				t.Errorf("%s: a head on the part has another %s than one on the whole", test.layer, name)
			}
		}
	}
	if _, err := transfer.Until(n, "relu9"); !errors.Is(err, model.ErrSelection) || !strings.Contains(err.Error(), "relu1") {
		t.Errorf("no such layer: found error %v", err)
	}
}
