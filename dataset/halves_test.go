package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestFolderWithTrainAndTest(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "train", "a"), 0, 3)
	pictures(t, filepath.Join(dir, "train", "b"), 10, 2)
	pictures(t, filepath.Join(dir, "train", "__MACOSX", "a"), 10, 2)
	pictures(t, filepath.Join(dir, "test", "b"), 20, 4)
	pictures(t, filepath.Join(dir, "val", "b"), 20, 1)
	pictures(t, filepath.Join(dir, "__MACOSX", "train", "a"), 20, 1)
	train, test, warnings := opened(t, dir)
	if !slices.Equal(train.Counts(), []int{3, 2}) || !slices.Equal(test.Counts(), []int{0, 4}) {
		t.Errorf("found %v training and %v test images a class", train.Counts(), test.Counts())
	}
	if len(warnings) != 2 || !strings.Contains(warnings[0], "the folder val beside train is not used") || !strings.Contains(warnings[1], "no test images of a") {
		t.Errorf("found warnings %q", warnings)
	}
	pictures(t, filepath.Join(dir, "test", "c"), 30, 1)
	_, _, err := Open(dir, Options{})
	wantErr(t, err, ErrClass, "found the class c", "a, b")

	check(t, os.RemoveAll(filepath.Join(dir, "test")))
	check(t, os.RemoveAll(filepath.Join(dir, "val")))
	train, test, err = Open(dir, Options{})
	check(t, err)
	if train.Len()+test.Len() != 5 {
		t.Errorf("found %d and %d images in a train folder without test", train.Len(), test.Len())
	}
	check(t, os.Mkdir(filepath.Join(dir, "test"), 0o755))
	_, _, err = Open(dir, Options{})
	wantErr(t, err, ErrNotFound, "test: found no images")
}

// TestNamesOfHalves reads the folders that people have, under whichever names.
func TestNamesOfHalves(t *testing.T) {
	for _, names := range [][2]string{{"training", "testing"}, {"Train", "Test"}, {"TRAIN", "VALID"}, {"train", "val"}, {"Training", "validation"}} {
		dir := t.TempDir()
		for i, class := range []string{"a", "b"} {
			pictures(t, filepath.Join(dir, names[0], class), 10*i, 3)
			pictures(t, filepath.Join(dir, names[1], class), 10*i+5, 2)
		}
		train, test, warnings := opened(t, dir)
		if !slices.Equal(train.Classes, []string{"a", "b"}) || train.Len() != 6 || test.Len() != 4 {
			t.Errorf("%v: found the classes %v, %d and %d images", names, train.Classes, train.Len(), test.Len())
		}
		val := strings.HasPrefix(strings.ToLower(names[1]), "val")
		if said := strings.Contains(strings.Join(warnings, ";"), "the images in "+names[1]+" are the test images"); said != val || len(warnings) > 1 {
			t.Errorf("%v: found warnings %q", names, warnings)
		}
	}
}

func TestHalvesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"train", "training"} {
		pictures(t, filepath.Join(dir, name, "a"), 0, 1)
	}
	_, _, err := Open(dir, Options{})
	wantErr(t, err, ErrFormat, "found the folders train and training")

	dir = t.TempDir()
	for _, name := range []string{"Testing", "other"} {
		pictures(t, filepath.Join(dir, name, "a"), 0, 1)
	}
	_, _, err = Open(dir, Options{})
	wantErr(t, err, ErrNotFound, "the folder Testing with sub-folders", "expected a folder train")

	dir = t.TempDir()
	pictures(t, filepath.Join(dir, "shapes", "train", "a"), 0, 1)
	_, _, err = Open(dir, Options{})
	wantErr(t, err, ErrClass, "found one class, shapes", "name "+filepath.Join(dir, "shapes"))
	_, _, err = Open(filepath.Join(dir, "shapes", "train"), Options{})
	wantErr(t, err, ErrClass, "found one class, a, expected two or more")

	writeFile(t, filepath.Join(dir, "shapes", "train", "a", "mnist.npz"), nil)
	_, _, err = Open(filepath.Join(dir, "shapes", "train", "a"), Options{})
	wantErr(t, err, ErrNotFound, "neither IDX files nor sub-folders", "name the file", "mnist.npz")
}

func TestFolderWithAClassNamedTrain(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "bus"), 0, 3)
	pictures(t, filepath.Join(dir, "train"), 10, 3)
	train, _, err := Open(dir, Options{})
	check(t, err)
	if !slices.Equal(train.Classes, []string{"bus", "train"}) {
		t.Errorf("found classes %v", train.Classes)
	}
}

// TestFolderNamesWithSpaces has names that differ in the white space around them.
func TestFolderNamesWithSpaces(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "train", "tea "), 0, 3)
	pictures(t, filepath.Join(dir, "train", " green\u00a0tea\u00a0"), 10, 3)
	pictures(t, filepath.Join(dir, "test", "tea"), 20, 2)
	pictures(t, filepath.Join(dir, "test", "tea\u2003"), 30, 1)
	train, test, _ := opened(t, dir)
	if !slices.Equal(train.Classes, []string{"green\u00a0tea", "tea"}) || !slices.Equal(test.Counts(), []int{0, 3}) {
		t.Errorf("found classes %q, %v test images a class", train.Classes, test.Counts())
	}
	classes, err := ParseClasses("tea ")
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := train.Filter(classes); err != nil || kept.Len() != 3 {
		t.Errorf("found %v, error %v", kept, err)
	}
	if _, _, err := test.Numbered([]string{"green\u00a0tea", " tea"}); err != nil {
		t.Error(err)
	}
}

// TestFolderNamesInBothForms has a class under both forms of its name.
func TestFolderNamesInBothForms(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "train", "cafe\u0301"), 0, 3)
	pictures(t, filepath.Join(dir, "train", "tea"), 10, 3)
	pictures(t, filepath.Join(dir, "test", "café"), 20, 2)
	pictures(t, filepath.Join(dir, "test", "cafe\u0301"), 30, 1)
	train, test, warnings := opened(t, dir)
	if !slices.Equal(train.Classes, []string{"café", "tea"}) || !slices.Equal(test.Counts(), []int{3, 0}) || len(warnings) != 1 {
		t.Errorf("found classes %q, %v test images a class, warnings %q", train.Classes, test.Counts(), warnings)
	}
}
