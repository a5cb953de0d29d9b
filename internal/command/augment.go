package command

import (
	"context"

	"github.com/dustin/go-humanize"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// augmentFlags say how training images are changed at random. Validation and
// test images never are.
type augmentFlags struct {
	changes dataset.Changes
}

func (a *augmentFlags) add(cmd *cobra.Command) {
	cmd.Flags().Var(&parsed[dataset.Augmentation]{"", "string", orNone(dataset.ParseAugmentation), &a.changes.How}, "augment", "change the training images at random, as crop,flip: crop, flip and colour are for photos, shift (up to 2 pixels) and rotate (up to 10 degrees) for drawings")
}

func (a *augmentFlags) addCopies(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.changes.Copies, "augment-copies", 0, "also run the frozen layers, once, over N changed copies of each training image, and train on all")
	cmd.MarkFlagsMutuallyExclusive("no-cache", "augment-copies")
}

// changed reports whether images are to be changed.
func (a *augmentFlags) changed() bool { return a.changes.How != (dataset.Augmentation{}) }

func (a *augmentFlags) check() error {
	if n := a.changes.Copies; n < 0 || n > 0 && !a.changed() {
		return usage(errors.Errorf("--augment-copies: found %d, expected 0, or more together with --augment", n))
	}
	return nil
}

// checkCut refuses images that change with each epoch where the frozen layers
// see them only once.
func (a *augmentFlags) checkCut(noCache bool) error {
	if a.changed() && a.changes.Copies == 0 && !noCache {
		return usage(errors.New("--augment: the frozen layers' output is computed once, so images cannot change with each epoch; give --augment-copies 5, say, for a fixed number of changed images each, or --no-cache"))
	}
	return nil
}

// tellCost says what the copies cost, before it is spent.
func (a *augmentFlags) tellCost(ctx context.Context, out *output, n *model.Network, selection model.Selection, examples dataset.Examples) error {
	if a.changes.Copies == 0 {
		return nil
	}
	cost, err := feature.EstimateOf(ctx, n, selection, examples)
	if err != nil {
		return err
	}
	all, times := examples.Len(), a.changes.Copies+1
	if cost.Bytes == 0 {
		out.note("%d changed copies: an epoch has %d images instead of %d", a.changes.Copies, all, all/times)
		return nil
	}
	out.note("%d changed copies: an epoch has %d images instead of %d; features of %s instead of %s, for about %.1f s of the frozen layers instead of %.1f s",
		a.changes.Copies, all, all/times, humanize.IBytes(uint64(cost.Bytes)), humanize.IBytes(uint64(cost.Bytes)/uint64(times)), cost.Seconds, cost.Seconds/float64(times))
	return nil
}
