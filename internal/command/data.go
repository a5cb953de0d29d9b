package command

import (
	"context"
	"fmt"
	"github.com/lastlayer/lastlayer/model"
	"maps"
	"slices"
	"strings"

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
	f.StringVar(&d.name, "data", "mnist", "mnist, sample (2,500 real digits in this program), a folder of IDX files or of one sub-folder of images per class, or a file like mnist.npz")
	f.StringVar(&d.classes, "classes", "", "labels to keep, as 0-4 or 5,7,9 (all if unsaid)")
	f.BoolVar(&d.skipBad, "skip-bad", false, "leave out image files that cannot be read, instead of stopping")
}

func (d *dataFlags) addLimit(cmd *cobra.Command) {
	cmd.Flags().IntVar(&d.limit, "limit", 0, "train on so many images only, the same number of each class (0: all)")
}

// open returns the training and the test images, and keeps of them what
// --classes and --limit say.
func (d *dataFlags) open(ctx context.Context, out *output, seed uint64) (train, test *dataset.Set, err error) {
	train, test, err = dataset.Open(d.name, dataset.Options{
		Context: ctx, SkipBad: d.skipBad,
		Warn: func(message string) { out.note("%s", message) },
		Progress: func(file string, done, total int64) {
			out.bar("download "+file, "bytes", total).set(done)
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

// as returns the set as the network takes it, by model.Network.Fit. Labels that the
// network does not have are left out and counted when they were not asked for,
// and that is said.
func (d *dataFlags) as(set *dataset.Set, m *model.Network, out *output) (fitted *dataset.Set, leftOut map[string]int, err error) {
	fitted, leftOut, err = m.Fit(set)
	if len(leftOut) > 0 && d.classes != "" {
		return nil, nil, usage(errors.Errorf("--classes: the network does not know %s, only %s", listed(slices.Sorted(maps.Keys(leftOut))), listed(m.Classes)))
	}
	if err != nil {
		return nil, nil, err
	}
	noteNegatives(out, set, m)
	if n := len(set.Classes); len(leftOut) > 0 {
		out.note("the model knows %d of the %d classes in %s: the others are left out, %d of %d images", n-len(leftOut), n, set.Name, set.Len()-fitted.Len(), set.Len())
	}
	return fitted, leftOut, nil
}

// continued is as for a network whose last layer goes on as it is: the two must
// have the same classes.
func continued(set *dataset.Set, m *model.Network) (*dataset.Set, error) {
	if have, found := len(m.Classes), len(set.Classes); have != found {
		return nil, errors.Errorf("the head has %d classes, the data %d: %s and %s", have, found, listed(m.Classes), listed(set.Classes))
	}
	fitted, leftOut, err := m.Fit(set)
	if len(leftOut) > 0 {
		return nil, errors.Errorf("the head does not know %s, only %s", listed(slices.Sorted(maps.Keys(leftOut))), listed(m.Classes))
	}
	return fitted, err
}

// noteNegatives says so where a network gets the negatives of a set.
func noteNegatives(out *output, set *dataset.Set, m *model.Network) {
	if set.Prep.Polarity != m.Prep.Polarity {
		out.note("%s is %s, the network was trained on %s images: it gets the negatives", set.Name, set.Prep.Polarity, m.Prep.Polarity)
	}
}

// suits returns a usage error where no data is named and that taken instead, the
// digits, is not what the network was trained on.
func (d *dataFlags) suits(cmd *cobra.Command, m *model.Network) error {
	if cmd.Flags().Changed("data") {
		return nil
	}
	for _, class := range m.Classes {
		if !slices.Contains(numbers(10), class) {
			return usage(errors.Errorf("--data: found none, and the network's classes are %s; %s, taken where nothing is said, has the digits 0 to 9", listed(m.Classes), d.name))
		}
	}
	return nil
}

// listed joins the first twenty of some names.
func listed(names []string) string {
	const most = 20
	if more := len(names) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), more)
	}
	return strings.Join(names, ", ")
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
