package command

import (
	"context"
	"fmt"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
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

// tellCost says what the copies cost, before it is spent: the frozen layers run
// over a few examples and the time is multiplied.
func (a *augmentFlags) tellCost(ctx context.Context, out *output, n *model.Network, selection model.Selection, examples dataset.Examples) error {
	if a.copies == 0 {
		return nil
	}
	trunk, err := feature.NewTrunk(n, selection)
	if err != nil {
		return err
	}
	defer trunk.Close()
	all := examples.Len()
	plain := all / (a.copies + 1)
	if len(trunk.Cut().Trunk) == 0 {
		out.note("%d changed copies: an epoch has %d images instead of %d", a.copies, all, plain)
		return nil
	}
	few := firstOf{examples, min(32, plain)}
	var each float64 // seconds
	var row int      // numbers
	for range 2 {    // the first run makes the buffers
		start := time.Now()
		features, err := trunk.Features(ctx, few, feature.Options{})
		if err != nil {
			return err
		}
		each, row = time.Since(start).Seconds()/float64(few.n), len(features.Row(0))
		if err := features.Close(); err != nil {
			return err
		}
	}
	size := func(n int) string { return humanize.IBytes(4 * uint64(n) * uint64(row)) }
	out.note("%d changed copies: an epoch has %d images instead of %d; features of %s instead of %s, for about %.1f s of the frozen layers instead of %.1f s",
		a.copies, all, plain, size(all), size(plain), each*float64(all), each*float64(plain))
	return nil
}

// firstOf are the first n examples.
type firstOf struct {
	dataset.Examples
	n int
}

func (f firstOf) Len() int { return f.n }
