package report_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// TestGathererInterrupted makes sure that an interrupted training has a report
// of what was done, and any other failure none.
func TestGathererInterrupted(t *testing.T) {
	network, err := seed()
	if err != nil {
		t.Fatal(err)
	}
	net, err := model.Build(smallnet.Of(model.DeepMNIST(), network.weights), model.Last(1), model.Batch(1))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("the light went out"))
	for _, test := range []struct {
		err   error
		wrote bool
	}{{nil, false}, {train.ErrDiverged, false}, {errors.Wrap(context.Canceled, "fit"), true}} {
		wrote := 0
		g, err := report.Gather(report.Options{
			Folder: filepath.Join(t.TempDir(), "r"), Title: "mnist train",
			Written: func(string) { wrote++ },
		})
		if err != nil {
			t.Fatal(err)
		}
		g.Training(net, network.weights, train.Recipe{Epochs: 3}, report.Files{Data: "sample"}, full(t, 2, 0).Test)
		if err := g.End(ctx, test.err); err != nil || wrote > 0 != test.wrote {
			t.Errorf("%v: found %v and %d reports, expected one: %v", test.err, err, wrote, test.wrote)
		}
		page, err := os.ReadFile(g.Page())
		if test.wrote && (err != nil || !strings.Contains(string(page), "the light went out")) {
			t.Errorf("%v: the page does not say why it ends: %v", test.err, err)
		}
	}
}

// TestNoGatherer calls the methods where no report is asked for.
func TestNoGatherer(t *testing.T) {
	var g *report.Gatherer
	g.Training(nil, nil, train.Recipe{}, report.Files{}, nil)
	g.Evaluated(report.Evaluation{})
	tested, written, ended := g.Tested(context.Background(), nil, nil, train.Metrics{}), g.Write(nil), g.End(context.Background(), context.Canceled)
	if g.Page() != "" || g.Hook(nil) != nil || tested != nil || written != nil || ended != nil {
		t.Error("found a report where none is asked for")
	}
}
