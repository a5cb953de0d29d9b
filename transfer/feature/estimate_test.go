package feature_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

func TestEstimate(t *testing.T) {
	weights, err := model.Init(small(), rand.New(rand.NewPCG(1, 2)))
	smallnet.Must(t, err)
	data, _ := smallnet.Sample(t, 200, 10)
	for _, test := range []struct {
		selection model.Selection
		below     bool
	}{{model.Last(1), true}, {model.All(), false}} {
		trunk, err := feature.NewTrunk(smallnet.Of(small(), weights), test.selection)
		smallnet.Must(t, err)
		defer trunk.Close()
		e, err := trunk.Estimate(t.Context(), data)
		smallnet.Must(t, err)
		if want := int64(4 * 24 * 200); test.below && (e.Bytes != want || !(e.Seconds > 0)) || !test.below && e != (feature.Estimate{}) {
			t.Errorf("%v: found %+v, expected %d bytes, or nothing where nothing is below the cut", test.selection, e, want)
		}
		if of, err := feature.EstimateOf(t.Context(), smallnet.Of(small(), weights), test.selection, data); err != nil || of.Bytes != e.Bytes {
			t.Errorf("%v: found %+v, %v, expected %d bytes", test.selection, of, err, e.Bytes)
		}
		ended, stop := context.WithCancel(t.Context())
		stop()
		if _, err := trunk.Estimate(ended, data); test.below && !errors.Is(err, context.Canceled) {
			t.Errorf("%v: found %v, expected that it ends with its context", test.selection, err)
		}
	}
}
