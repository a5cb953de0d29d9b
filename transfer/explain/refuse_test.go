package explain_test

import (
	"context"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/pkg/errors"
)

const (
	last  = 2
	batch = 8
)

// TestLayersAndTrace looks at the layers and at one step.
func TestLayersAndTrace(t *testing.T) {
	spec := chain()
	data, _ := smallnet.Sample(t, 20, 10)
	c, err := explain.Compare(t.Context(), smallnet.Of(spec, smallnet.Init(t, spec)), data, last, batch)
	smallnet.Must(t, err)
	defer c.Close()
	for _, l := range c.Layers() {
		trained := l.Name == "fc1" || l.Name == "fc2"
		enters := map[bool]string{true: "variable", false: "constant"}[trained]
		if l.Trained != trained || l.Parameters > 0 && l.Enters != enters || l.Parameters > 0 && l.Cached == trained {
			t.Errorf("%s: found trained %t, %s, cached %t", l.Name, l.Trained, l.Enters, l.Cached)
		}
	}
	lines, err := c.Trace()
	smallnet.Must(t, err)
	var updates []string
	for _, l := range lines {
		if l.Kind == "update" {
			updates = append(updates, l.Node)
		}
	}
	if want := c.Restricted().Net().TrainedWeights(); !slices.Equal(updates, want) {
		t.Errorf("found updates of %v, expected those of %v", updates, want)
	}
}

// TestRefused hands Compare what it cannot work on.
func TestRefused(t *testing.T) {
	spec := chain()
	data, _ := smallnet.Sample(t, 20, 10)
	network := smallnet.Of(spec, smallnet.Init(t, spec))
	small, err := dataset.NewSet("small", []int{1, 2, 2}, make([]byte, 4), []int{0}, []string{"a"}, data.Prep)
	smallnet.Must(t, err)
	var none *dataset.Set
	for reason, test := range map[string]struct {
		n           *model.Network
		data        dataset.Examples
		last, batch int
		cause       error
	}{
		"no network":        {nil, data, last, batch, model.ErrNetwork},
		"zero network":      {&model.Network{}, data, last, batch, model.ErrSpec},
		"no weights":        {smallnet.Of(spec, nil), data, last, batch, model.ErrWeights},
		"zero weights":      {smallnet.Of(spec, &model.Weights{}), data, last, batch, model.ErrWeights},
		"no data":           {network, nil, last, batch, train.ErrData},
		"nil set":           {network, none, last, batch, train.ErrData},
		"zero set":          {network, &dataset.Set{}, last, batch, train.ErrData},
		"another shape":     {network, small, last, batch, train.ErrData},
		"no layer":          {network, data, 0, batch, model.ErrSelection},
		"more than layers":  {network, data, 5, batch, model.ErrSelection},
		"no batch":          {network, data, last, 0, nil},
		"less than a batch": {network, data, last, -1, nil},
	} {
		c, err := explain.Compare(t.Context(), test.n, test.data, test.last, test.batch)
		if err == nil || test.cause != nil && !errors.Is(err, test.cause) || c != nil {
			t.Errorf("%s: found %v and error %v, expected one of cause %v", reason, c, err, test.cause)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := explain.Compare(done, network, data, last, batch); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that is done: found error %v", err)
	}
}
