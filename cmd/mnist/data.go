package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// dataFlags say which examples a command works on.
type dataFlags struct {
	name    string
	classes string
	limit   int
	skipBad bool
}

func (d *dataFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&d.name, "data", "mnist", "mnist, sample (2,500 real digits in this program), or a folder of IDX files or of one sub-folder of images per class")
	f.StringVar(&d.classes, "classes", "", "labels to keep, as 0-4 or 5,7,9 (all if unsaid)")
	f.BoolVar(&d.skipBad, "skip-bad", false, "leave out image files that cannot be read, instead of stopping")
}

func (d *dataFlags) addLimit(cmd *cobra.Command) {
	cmd.Flags().IntVar(&d.limit, "limit", 0, "train on so many images only, the same number of each class (0: all)")
}

// splitSeed draws the test images of a folder without a test folder. It is not
// --seed: eval, and trainings with other seeds, must not test on images that a
// network was trained on.
const splitSeed = 1

// open returns the training and the test images, and keeps of them what
// --classes and --limit say.
func (d *dataFlags) open(ctx context.Context, out *output, seed uint64) (train, test *dataset.Set, err error) {
	train, test, err = dataset.Open(d.name, dataset.Options{
		Context: ctx, SkipBad: d.skipBad, Seed: splitSeed,
		Warn: func(message string) { out.note("%s", message) },
		Progress: func(file string, done, total int64) {
			out.bar("download "+file, total).set(done)
		},
	})
	out.endBar()
	if err != nil {
		return nil, nil, errors.Wrap(err, "--data")
	}
	if d.classes != "" {
		classes, err := dataset.ParseClasses(d.classes)
		if err != nil {
			return nil, nil, usage(errors.Wrap(err, "--classes"))
		}
		if train, err = train.Filter(classes); err != nil {
			return nil, nil, usage(errors.Wrap(err, "--classes"))
		}
		if test, err = test.Filter(classes); err != nil {
			return nil, nil, usage(errors.Wrap(err, "--classes"))
		}
	}
	if d.limit != 0 {
		if train, err = train.Limit(d.limit, seed); err != nil {
			return nil, nil, usage(errors.Wrap(err, "--limit"))
		}
	}
	return train, test, nil
}

// as returns the set as the network with these classes and preprocessing sees
// it: its labels numbered as the network's outputs. Labels that the network
// does not have are left out when they were not asked for, and that is said.
func (d *dataFlags) as(set *dataset.Set, classes []string, prep dataset.Preprocessing, out *output) (*dataset.Set, error) {
	if set.Prep.Polarity != prep.Polarity {
		return nil, errors.Errorf("the data is %s, the model was trained on %s images", set.Prep.Polarity, prep.Polarity)
	}
	if d.classes == "" {
		var known dataset.Classes
		for _, c := range set.Classes {
			if slices.Contains(classes, c) {
				known = append(known, c)
			}
		}
		if len(known) < len(set.Classes) {
			out.note("the model knows %d of the %d classes in %s: the others are left out", len(known), len(set.Classes), set.Name)
		}
		var err error
		if set, err = set.Filter(known); err != nil {
			return nil, err
		}
	}
	set, err := set.Relabel(classes)
	if err != nil && d.classes != "" {
		return nil, usage(errors.Wrap(err, "--classes"))
	}
	if err != nil {
		return nil, err
	}
	set.Prep = prep
	return set, nil
}

// unevenFrom is how many times the images of another class a class has from
// which it is worth a word.
const unevenFrom = 2

// uneven says so when some class has many more images than another. which is
// training or test.
func uneven(out *output, which string, set *dataset.Set) {
	counts := set.Counts()
	least, most := -1, 0
	for class, n := range counts {
		if n > 0 && (least < 0 || n < counts[least]) { // a network may know classes that the data has none of
			least = class
		}
		if n > counts[most] {
			most = class
		}
	}
	if counts[most] < unevenFrom*counts[least] {
		return
	}
	out.note("uneven classes: %d %s images of %s, %d of %s; accuracy counts each image alike, so look at the recall of each class too (mnist eval)",
		counts[least], which, set.Classes[least], counts[most], set.Classes[most])
}

func describe(set *dataset.Set) string {
	return fmt.Sprintf("%d images of %d classes", set.Len(), len(set.Classes))
}
