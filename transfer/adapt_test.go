package transfer_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// TestAdapt gives a network new classes, and lets it go on with its own.
func TestAdapt(t *testing.T) {
	data, test := sample(t, 60, 20)
	n := &model.Network{Spec: small(), Weights: initial(t, small()), Classes: data.Classes, Prep: data.Prep}
	n.Prep.Polarity = dataset.DarkOnLight // the digits are light on dark
	few, err := data.Filter(dataset.Classes{"3", "7"})
	must(t, err)
	made, fitted, none, err := transfer.Adapt(n, few, nil, transfer.Adaptation{Trained: model.Last(1), Seed: 1})
	must(t, err)
	if made.Spec.Classes() != 2 || n.Spec.Classes() != 10 || none != nil || made.Seen.Len() == 0 {
		t.Errorf("found %d classes, the network %d, expected 2 and 10 as before", made.Spec.Classes(), n.Spec.Classes())
	}
	if fitted.Prep != n.Prep || fitted.Image(0)[0] != 255-few.Image(0)[0] {
		t.Errorf("found images prepared as %+v, expected the negatives", fitted.Prep)
	}
	kept, fitted, fittedTest, err := transfer.Adapt(n, data, test, transfer.Adaptation{KeepHead: true})
	must(t, err)
	if kept != n || fitted.Len() != data.Len() || fittedTest.Len() != test.Len() || fittedTest.Prep != n.Prep {
		t.Errorf("found %d and %d images, expected all", fitted.Len(), fittedTest.Len())
	}
	for reason, try := range map[error]func() error{
		model.ErrData: func() error {
			_, _, _, err := transfer.Adapt(n, few, nil, transfer.Adaptation{KeepHead: true})
			return err
		},
		model.ErrNetwork: func() error { _, _, _, err := transfer.Adapt(nil, few, nil, transfer.Adaptation{}); return err },
		transfer.ErrFrozenRandom: func() error {
			_, _, _, err := transfer.Adapt(n, few, nil, transfer.Adaptation{Trained: model.Layers("conv1")})
			return err
		},
	} {
		if err := try(); !errors.Is(err, reason) {
			t.Errorf("found %v, expected %v", err, reason)
		}
	}
}
