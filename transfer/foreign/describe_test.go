package foreign_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/foreign"
)

func TestDescribe(t *testing.T) {
	n := &model.Network{Classes: []string{"cat", "dog"}, Prep: dataset.MNISTPreprocessing()}
	const want = `images: light-on-dark, 0 to 1 (a byte times 0.00392157), less the mean 0.1307, divided by the deviation 0.3081
classes: cat, dog`
	if got := foreign.Describe(n); got != want {
		t.Errorf("found %q, expected %q", got, want)
	}
}
