package command

import (
	"context"
	"fmt"

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
	how    string
	copies int
}

func (a *augmentFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.how, "augment", "", "change the training images at random: shift (up to 2 pixels), rotate (up to 10 degrees), or shift,rotate")
}

func (a *augmentFlags) addCopies(cmd *cobra.Command) {
	cmd.Flags().IntVar(&a.copies, "augment-copies", 0, "run the frozen layers over so many changed copies of each training image too, once, and train on all")
	cmd.MarkFlagsMutuallyExclusive("no-cache", "augment-copies")
}

func (a *augmentFlags) check() error {
	if a.copies < 0 || a.copies > 0 && a.how == "" {
		return usage(errors.Errorf("--augment-copies: found %d, expected 0, or more together with --augment", a.copies))
	}
	if a.how == "" {
		return nil
	}
	_, err := dataset.ParseAugmentation(a.how)
	return usage(errors.Wrap(err, "--augment"))
}

// checkCut refuses images that change with each epoch where the frozen layers
// see them only once.
func (a *augmentFlags) checkCut(noCache bool) error {
	if a.how != "" && a.copies == 0 && !noCache {
		return usage(errors.New("--augment: the frozen layers' output is computed once, so images cannot change with each epoch; give --augment-copies 5, say, for a fixed number of changed images each, or --no-cache"))
	}
	return nil
}

// String tells one way of changing images from another, in a checkpoint.
func (a *augmentFlags) String() string {
	how, err := dataset.ParseAugmentation(a.how)
	switch {
	case a.how == "" || err != nil:
		return ""
	case a.copies > 0:
		return fmt.Sprintf("%s in %d copies", how, a.copies)
	}
	return how.String()
}

// examples returns what to train on: the images, or what is made of them.
func (a *augmentFlags) examples(set *dataset.Set, seed uint64) (dataset.Examples, error) {
	if a.how == "" {
		return set, nil
	}
	how, err := dataset.ParseAugmentation(a.how)
	if err != nil {
		return nil, err
	}
	if a.copies == 0 {
		return dataset.NewAugmented(set, how, seed), nil
	}
	copies, err := dataset.NewCopies(set, how, seed, a.copies)
	if err != nil {
		return nil, usage(errors.Wrap(err, "--augment-copies"))
	}
	return copies, nil
}

// tellCost says what the copies cost, before it is spent.
func (a *augmentFlags) tellCost(ctx context.Context, out *output, n *model.Network, selection model.Selection, examples dataset.Examples) error {
	if a.copies == 0 {
		return nil
	}
	trunk, err := feature.NewTrunk(n, selection)
	if err != nil {
		return err
	}
	defer trunk.Close()
	all, times := examples.Len(), a.copies+1
	cost, err := trunk.Estimate(ctx, examples)
	if err != nil {
		return err
	}
	if cost.Bytes == 0 {
		out.note("%d changed copies: an epoch has %d images instead of %d", a.copies, all, all/times)
		return nil
	}
	out.note("%d changed copies: an epoch has %d images instead of %d; features of %s instead of %s, for about %.1f s of the frozen layers instead of %.1f s",
		a.copies, all, all/times, humanize.IBytes(uint64(cost.Bytes)), humanize.IBytes(uint64(cost.Bytes)/uint64(times)), cost.Seconds, cost.Seconds/float64(times))
	return nil
}
