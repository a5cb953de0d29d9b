package beam

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// halves are the folder names of training and test images, as in package dataset.
var halves = map[string]dataset.Half{
	"train": dataset.TrainHalf, "training": dataset.TrainHalf,
	"test": dataset.TestHalf, "testing": dataset.TestHalf,
	"val": dataset.TestHalf, "valid": dataset.TestHalf, "validation": dataset.TestHalf,
}

// label gives each image its class, the name of its folder. If the folder above is one
// of a pair of training and test folders, it also sets the half. Images without a valid
// label are returned in wrong. all counts every image.
func label(images []image) (labelled []image, wrong []bad, all listing) {
	var sum feature.Listing
	tops := map[dataset.Half][]string{} // existing folders for each half
	for _, i := range images {
		sum.Add(i.Name)
		if top, half := topOf(i.Name); half != dataset.Undecided && !slices.Contains(tops[half], top) {
			tops[half] = append(tops[half], top)
		}
	}
	split := len(tops[dataset.TrainHalf]) > 0
	for _, i := range images {
		var err error
		if split {
			i.Half, err = halfOf(i.Name, tops)
		}
		if err == nil {
			i.Class, err = classOf(i)
		}
		if err != nil {
			wrong = append(wrong, bad{shown(i.Path), err.Error()})
			continue
		}
		labelled = append(labelled, i)
		if !split || i.Half == int(dataset.TrainHalf) {
			all.Classes = append(all.Classes, i.Class)
		}
	}
	slices.Sort(all.Classes)
	all.Classes = slices.Compact(all.Classes)
	all.Files, all.Sum = sum.Files, sum.Sum
	labelled = slices.DeleteFunc(labelled, func(i image) bool {
		_, known := slices.BinarySearch(all.Classes, i.Class)
		if !known {
			wrong = append(wrong, bad{i.Path, "class " + i.Class + ": found no training images of it"})
		}
		return !known
	})
	return labelled, wrong, all
}

// topOf returns the first of a name's three components and the half it stands for; ""
// if the name does not have exactly three.
func topOf(name string) (string, dataset.Half) {
	if strings.Count(name, "/") != 2 {
		return "", dataset.Undecided
	}
	top, _, _ := strings.Cut(name, "/")
	return top, halves[strings.ToLower(top)]
}

// halfOf returns the half of an image, if there are such folders.
func halfOf(name string, tops map[dataset.Half][]string) (int, error) {
	top, half := topOf(name)
	used := tops[half]
	if isTest := func(t string) bool { return strings.HasPrefix(strings.ToLower(t), "test") }; half == dataset.TestHalf && slices.ContainsFunc(used, isTest) {
		used = slices.DeleteFunc(slices.Clone(used), func(t string) bool { return !isTest(t) }) // next to test, val is not used
	}
	switch {
	case half == dataset.Undecided || !slices.Contains(used, top):
		return 0, errors.Errorf("not in a folder of training or test images, as %s", strings.Join(slices.Concat(tops[dataset.TrainHalf], used), " and "))
	case len(used) > 1:
		return 0, errors.Errorf("found the folders %s, expected one of them", strings.Join(used, " and "))
	}
	return int(half), nil
}

// classOf returns the class of an image: the name of its folder.
func classOf(i image) (string, error) {
	if !utf8.ValidString(i.Name) {
		return "", errors.New("path: expected UTF-8: rename the file")
	}
	return dataset.ClassName(path.Base(path.Dir(filepath.ToSlash(i.Path))))
}
