package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testedImages returns the test images, as text.
func testedImages(s *Set) map[string]bool {
	all := map[string]bool{}
	for i := range s.Len() {
		all[string(s.Image(i))] = true
	}
	return all
}

// TestSplitStaysWhereItWas makes sure that neither another photo, nor a name, nor one that goes moves
// an image between training and test.
func TestSplitStaysWhereItWas(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "a"), 0, 45)
	pictures(t, filepath.Join(dir, "b"), 100, 45)
	train, test, _ := opened(t, dir)
	if n := test.Len(); n < 9 || n > 27 {
		t.Errorf("found %d test images, expected about 18 of 90", n)
	}
	before := testedImages(test)
	for i, change := range []func(){
		func() { writeFile(t, filepath.Join(dir, "a", "!first.png"), pngOf(t, picture(sampleTest(t), 50))) },
		func() { check(t, os.Rename(filepath.Join(dir, "b", "000.png"), filepath.Join(dir, "b", "zzz.png"))) },
		func() { check(t, os.Remove(filepath.Join(dir, "b", "020.png"))) },
		func() { check(t, os.Rename(filepath.Join(dir, "b"), filepath.Join(dir, "0"))) },
	} {
		change()
		newTrain, newTest, _ := opened(t, dir)
		after := testedImages(newTest)
		for image := range testedImages(newTrain) {
			if before[image] {
				t.Errorf("change %d: a test image became a training image", i)
			}
		}
		for image := range after {
			if !before[image] && isOneOf(train, train.Len(), []byte(image)) {
				t.Errorf("change %d: a training image became a test image", i)
			}
		}
	}
}

func TestSplitByContent(t *testing.T) {
	const low, high = 1 << 60, 1 << 63 // on either side of the share
	for _, c := range []struct {
		reason string
		hashes []uint64 // of the images of one class
		test   []uint64
	}{
		{"as the share says", []uint64{low, high, low + 1, high + 1, low}, []uint64{low, low, low + 1}},
		{"none below the share", []uint64{high + 2, high, high + 1}, []uint64{high}},
		{"none below the share, and a copy", []uint64{high + 2, high, high + 1, high}, []uint64{high, high}},
		{"all below the share", []uint64{low + 2, low, low + 1}, []uint64{low, low + 1}},
		{"all below the share, and a copy", []uint64{low + 2, low, low + 2}, []uint64{low}},
		{"copies of one", []uint64{low, low, low}, []uint64{low}},
		{"one image", []uint64{low}, nil},
	} {
		// A second class with one image on either side, so that one image is no error.
		labels, hashes := make([]int, len(c.hashes)), append(slices.Clone(c.hashes), low, high)
		s, err := NewSet("split", []int{1, 1, 1}, make([]byte, len(hashes)), append(labels, 1, 1), []string{"a", "b"}, MNISTPreprocessing())
		check(t, err)
		train, test, err := s.splitByContent(hashes, testShare)
		check(t, err)
		var found []uint64
		for _, i := range test.index[:test.Len()-1] {
			found = append(found, hashes[i])
		}
		slices.Sort(found)
		if !slices.Equal(found, c.test) || train.Len()+test.Len() != s.Len() || slices.Contains(train.Counts(), 0) {
			t.Errorf("%s: found the test images %v, expected %v", c.reason, found, c.test)
		}
	}
}

// TestCopiesAreCounted has the same image in both halves.
func TestCopiesAreCounted(t *testing.T) {
	dir := t.TempDir()
	pictures(t, filepath.Join(dir, "train", "a"), 0, 4)
	pictures(t, filepath.Join(dir, "train", "b"), 10, 4)
	pictures(t, filepath.Join(dir, "test", "a"), 2, 3) // two of them are training images
	pictures(t, filepath.Join(dir, "test", "b"), 3, 1) // one of the other class
	_, _, warnings := opened(t, dir)
	if len(warnings) != 1 || !strings.Contains(warnings[0], "3 of 4 test images are exact copies of training images, 1 of them under another class") {
		t.Errorf("found warnings %q", warnings)
	}
}

func TestSeen(t *testing.T) {
	s := ramp(t, 60)
	first, second := s.subset([]int{0, 1, 2, 3, 3, 40}), s.subset([]int{3, 4, 5})
	seen := first.Seen()
	check(t, seen.Validate())
	if !seen.Complete || seen.Len() != 5 {
		t.Errorf("found %d of 5 images remembered", seen.Len())
	}
	for _, c := range []struct {
		seen     Seen
		used, of int
	}{
		{seen, 5, 60}, {seen.And(second.Seen()), 7, 60}, {second.Seen().And(seen), 7, 60}, {seen.And(Seen{}), 5, 60}, {Seen{}.And(seen), 5, 60}, {Seen{}, 0, 0},
		{s.Seen(), 60, 60},
	} {
		check(t, c.seen.Validate())
		if used, of := c.seen.In(s); used != c.used || of != c.of {
			t.Errorf("found %d of %d, expected %d of %d", used, of, c.used, c.of)
		}
	}
	other, err := NewSet("other sides", []int{1, 1, 4}, s.Pixels, s.Labels, s.Classes, s.Prep)
	check(t, err)
	if used, _ := s.Seen().In(other); used != 0 {
		t.Errorf("found %d images of other sides with the same bytes", used)
	}
}

// TestSeenOfMany keeps a sample where there are too many images to keep.
func TestSeenOfMany(t *testing.T) {
	s := ramp(t, 200)
	odd, even := []int{}, []int{}
	for i := range 100 {
		odd, even = append(odd, 2*i+1), append(even, 2*i)
	}
	sample := s.subset(even).Seen().Lowest(40)
	check(t, sample.Validate())
	used, of := sample.In(s)
	if sample.Complete || used != 40 || of < 50 || of > 120 {
		t.Errorf("found %d of %d, expected 40 of about 80", used, of)
	}
	// What is above the sample's last sum is not known of both.
	for _, both := range []Seen{sample.And(s.subset(odd).Seen()), s.subset(odd).Seen().And(sample)} {
		if used, found := both.In(s); used != of || found != of || both.Complete {
			t.Errorf("found %d of %d, expected %d of %[3]d", used, found, of)
		}
	}
}

func TestSeenValidate(t *testing.T) {
	good := ramp(t, 3).Seen()
	for reason, sums := range map[string][]byte{
		"a piece of a sum": good.Sums[:7],
		"in disorder":      slices.Concat(good.Sums[6:], good.Sums[:6]),
		"one twice":        slices.Concat(good.Sums[:6], good.Sums[:6]),
		"too many":         make([]byte, (maxSeen+1)*sumLength),
	} {
		if err := (Seen{true, sums}).Validate(); err == nil {
			t.Errorf("%s: found no error", reason)
		} else {
			wantErr(t, err, ErrArgument, "images seen")
		}
	}
}
