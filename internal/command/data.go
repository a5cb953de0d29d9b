package command

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// dataFlags say which examples a command works on.
type dataFlags struct {
	name    string
	classes dataset.Classes
	limit   int
	skipBad bool

	shape []int // of photos; nil for other images
	prep  dataset.Preprocessing

	known   func(dataset.Options) (train, test *dataset.Set, err error) // in place of name; nil for none
	unused  *unusedFiles                                                // may be nil
	skipped func(*dataset.BadFiles)                                     // called for files that are left out; may be nil
}

// unusedFiles counts the files of an image folder that are not used, for --json.
type unusedFiles struct {
	Bad       int      `json:"bad_files"`         // that cannot be read
	NotImages int      `json:"other_files"`       // that are not images
	Skipped   []string `json:"skipped,omitempty"` // the bad ones
}

func (d *dataFlags) add(cmd *cobra.Command, p Program) {
	f := cmd.Flags()
	if p.mnist {
		f.StringVar(&d.name, "data", "mnist", "mnist, sample (2,500 real digits in this program), a folder of IDX files, a folder with one sub-folder of images per class, or a file like mnist.npz")
	} else {
		f.StringVar(&d.name, "data", "", "folder with one sub-folder of photos per class, or with such folders train and test; or mnist, sample, IDX files, mnist.npz, as for the program mnist")
		cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
			if d.name == "" && given(cmd, "image", "features") == "" { // explain of an image needs none
				return usage(errors.New("--data: found none, expected a folder with one sub-folder of photos per class"))
			}
			return nil
		}
	}
	f.Var(&parsed[dataset.Classes]{"", "string", orNone(dataset.ParseClasses), &d.classes}, "classes", "classes to keep, as 0-4 or 5,7,9 (default all)")
	f.BoolVar(&d.skipBad, "skip-bad", false, "leave out image files that cannot be read, instead of stopping")
}

func (d *dataFlags) addLimit(cmd *cobra.Command) {
	cmd.Flags().IntVar(&d.limit, "limit", 0, "train on at most N images, the same number of each class (0: all)")
}

// of makes open prepare the images of a folder for a network of photos.
func (d *dataFlags) of(m *model.Network) {
	if m.Prep.IsPhoto() {
		d.shape, d.prep = m.Spec.Input, m.Prep
	}
}

// options say how a folder is read.
func (d *dataFlags) options(ctx context.Context, out *output) dataset.Options {
	return dataset.Options{
		Context: ctx, SkipBad: d.skipBad, Shape: d.shape, Prep: d.prep,
		Warn: func(message string) { out.note("%s", message) },
		Skipped: func(bad *dataset.BadFiles) {
			out.list(bad, out.progress)
			if d.unused != nil {
				d.unused.Bad += len(bad.Paths)
				d.unused.Skipped = append(d.unused.Skipped, bad.Paths...)
			}
			if d.skipped != nil {
				d.skipped(bad)
			}
		},
		NotImages: func(n int) {
			if d.unused != nil {
				d.unused.NotImages += n
			}
		},
		Checked: out.images("read images"),
		Progress: func(file string, done, total int64) {
			out.bar("download "+file, "bytes", total).set(done)
		},
	}
}

// failed lists the files that are bad, where that is the error of reading the data, and
// says what to do.
func (d *dataFlags) failed(out *output, err error) error {
	out.endBar()
	var bad *dataset.BadFiles
	if errors.As(err, &bad) {
		out.list(bad, out.errors)
		err = fmt.Errorf("%w; --skip-bad leaves them out", err)
	}
	return err
}

// open returns the training and the test images, and keeps of them what
// --classes and --limit say.
func (d *dataFlags) open(ctx context.Context, out *output, seed uint64) (train, test *dataset.Set, err error) {
	flag := "--features"
	read := d.known
	if read == nil {
		flag = "--data"
		read = func(opt dataset.Options) (train, test *dataset.Set, err error) { return dataset.Open(d.name, opt) }
	}
	if train, test, err = read(d.options(ctx, out)); err != nil {
		return nil, nil, errors.Wrap(d.failed(out, err), flag)
	}
	out.endBar()
	for _, set := range []**dataset.Set{&train, &test} {
		if d.classes == nil {
			break
		}
		if *set, err = (*set).Filter(d.classes); err != nil {
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

// openFor returns the training or the test images as a trained network takes them,
// by model.Network.Fit, and how many there were before. Images of classes that the
// network does not have are left out, counted and reported; if --classes asked for
// them that is an error.
func (d *dataFlags) openFor(cmd *cobra.Command, out *output, m *model.Network, test bool) (fitted *dataset.Set, of int, leftOut map[string]int, err error) {
	if err := d.suits(cmd, m); err != nil {
		return nil, 0, nil, err
	}
	d.of(m)
	set, other, err := d.open(cmd.Context(), out, 1) // a seed for --limit, which is not there
	if err != nil {
		return nil, 0, nil, err
	}
	if test {
		set = other
	}
	fitted, leftOut, err = m.Fit(set)
	if len(leftOut) > 0 && d.classes != nil {
		return nil, 0, nil, usage(errors.Errorf("--classes: the network does not know %s, only %s", dataset.Classes(slices.Sorted(maps.Keys(leftOut))), dataset.Classes(m.Classes)))
	}
	if err != nil {
		return nil, 0, nil, err
	}
	noteNegatives(out, set, m)
	if n := len(set.Classes); len(leftOut) > 0 {
		out.note("the network knows %d of the %d classes in %s: the images of the others are left out, %d of %d", n-len(leftOut), n, set.Name, set.Len()-fitted.Len(), set.Len())
	}
	return fitted, set.Len(), leftOut, nil
}

// noteNegatives prints a note if a network gets the negatives of a set.
func noteNegatives(out *output, set *dataset.Set, m *model.Network) {
	if set.Prep.Polarity != m.Prep.Polarity {
		out.note("%s is %s, but the network was trained on %s images: it gets the negatives", set.Name, set.Prep.Polarity, m.Prep.Polarity)
	}
}

// suits returns a usage error if no data is named and the default, the digits, is not
// what the network was trained on.
func (d *dataFlags) suits(cmd *cobra.Command, m *model.Network) error {
	if cmd.Flags().Changed("data") {
		return nil
	}
	for _, class := range m.Classes {
		if len(class) != 1 || class < "0" || class > "9" {
			return usage(errors.Errorf("--data: found none, and the network's classes are %s; %s, the default, has the digits 0 to 9", dataset.Classes(m.Classes), d.name))
		}
	}
	return nil
}

// unevenFrom is the ratio between the largest and the smallest class from which the
// user is told.
const unevenFrom = 2

// uneven prints a note if some class has many more images than another. which is
// training or test.
func uneven(out *output, which string, set *dataset.Set) {
	least, most, fewest, largest := set.Extremes()
	if largest < unevenFrom*fewest {
		return
	}
	out.note("uneven classes: %d %s images of %s, %d of %s; accuracy weighs each image the same, so look at the recall of each class too (%s eval)",
		fewest, which, least, largest, most, out.program.name)
}
