package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestNamesInOtherForms makes sure that names which look the same are the same class, whichever way
// their letters are written.
func TestNamesInOtherForms(t *testing.T) {
	s := ramp(t, 9)
	s.Classes = []string{"cafe\u0301", "tea", "ma\u0308h"}
	kept, err := s.Filter(Classes{"café"})
	check(t, err)
	if !slices.Equal(numbers(kept), []int{0, 3, 6}) {
		t.Errorf("found the images %v of café", numbers(kept))
	}
	numbered, leftOut, err := s.Numbered([]string{"tea", "mäh", "café"})
	check(t, err)
	if want := []int{2, 0, 1, 2, 0, 1, 2, 0, 1}; !slices.Equal(numbered.Labels, want) || leftOut != nil {
		t.Errorf("found the labels %v, left out %v, expected %v", numbered.Labels, leftOut, want)
	}
	_, err = NewSet("twice", []int{1, 1, 1}, []byte{1, 2}, []int{0, 1}, []string{"café", "cafe\u0301"}, MNISTPreprocessing())
	wantErr(t, err, ErrFormat, "class 1", "a second time")
}

func TestValidNames(t *testing.T) {
	for name, valid := range map[string]bool{
		"cat": true, "New York": true, "New\u00a0York": true, "👩\u200d🔬": true, "می\u200cخواهم": true, "क\u094dष": true, "עברית\u200e": true,
		"🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f": true, "\ue000": true,
		"": false, " ": false, "\u00a0": false, "\u200d": false, "a\nb": false, "a\u2028b": false, "\x1b[31m": false, "a\u0085b": false,
		"\u202ecat": false, "caf\xe9": false,
	} {
		_, err := NewSet("named", []int{1, 1, 1}, []byte{1}, []int{0}, []string{name}, MNISTPreprocessing())
		if (err == nil) != valid {
			t.Errorf("%q: found the error %v, expected valid: %v", name, err, valid)
		}
		if err != nil {
			wantErr(t, err, ErrFormat, "class 0")
		}
		content := pngOf(t, plainPhoto(1, 40, 30))
		_, err = NewPhotos("named", smallPhotos.Shape, [][]byte{content}, []int{0}, []string{name}, smallPhotos.Prep)
		if (err == nil) != valid {
			t.Errorf("%q: found the error %v of photos, expected valid: %v", name, err, valid)
		}
	}
}

// TestFolderNameThatIsNoClass makes sure that a network of photos is not trained for a
// class that it could not name.
func TestFolderNameThatIsNoClass(t *testing.T) {
	for _, name := range []string{"a\nb", "\x1b[31m", "caf\xe9", "\u202ecat"} {
		dir := photoFolder(t, 2, 40, 30)
		if err := os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, name)); err != nil {
			t.Logf("%q cannot be tried: %v", name, err)
			continue
		}
		for _, opt := range []Options{smallPhotos, {}} {
			_, _, err := Open(dir, opt)
			wantErr(t, err, ErrFormat, fmt.Sprintf("%q", name), "rename it")
		}
	}
}
