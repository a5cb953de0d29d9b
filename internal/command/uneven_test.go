package command

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestUnevenClasses makes sure that a folder of one's own images is split class
// by class, that classes of different size are told of, and that accuracy and
// mean recall are two figures.
func TestUnevenClasses(t *testing.T) {
	slow(t)
	folder := imageFolder(t)
	for i := range 7 { // ten images of nought stay, three of one
		gone, err := filepath.Glob(filepath.Join(folder, "one", "*"))
		if err != nil || len(gone) != 10-i {
			t.Fatalf("found %d images, %v", len(gone), err)
		}
		if err := os.Remove(gone[0]); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(t.TempDir())
	var split, said string
	for seed := range 3 {
		r := ok(t, "train", "--data", folder, "--epochs", "1", "--out", "m", "--seed", fmt.Sprint(seed))
		line, _, _ := strings.Cut(r.err, "\n")
		if !strings.Contains(line, "of 13 images, drawn by a hash of each file, are the test images") || split != "" && line != split {
			t.Errorf("found %q and %q, expected the same test images for every --seed", line, split)
		}
		_, uneven, _ := strings.Cut(r.err, "uneven classes: ")
		uneven, _, _ = strings.Cut(uneven, ";")
		if !regexp.MustCompile(`^[12] training images of one, [6-9] of nought$`).MatchString(uneven) || said != "" && uneven != said {
			t.Errorf("found %q, expected a word on the uneven classes", r.err)
		}
		split, said = line, uneven
	}
	r := ok(t, "eval", "--data", folder, "--model", "m", "--json")
	line := r.last(t)
	var recalls []float64
	for label, row := range line["confusion"].([]any) {
		all := 0.0
		for _, n := range row.([]any) {
			all += n.(float64)
		}
		recalls = append(recalls, row.([]any)[label].(float64)/all)
	}
	if got, want := line["balanced_accuracy"].(float64), (recalls[0]+recalls[1])/2; math.Abs(got-want) > 1e-12 {
		t.Errorf("found a balanced accuracy of %v, expected %v of %v", got, want, recalls)
	}
	if text := ok(t, "eval", "--data", folder, "--model", "m").out; !strings.Contains(text, "recall") || !strings.Contains(text, "nought") {
		t.Errorf("found %q", text)
	}
	if r := ok(t, withSmall("train", "--out", "m")...); strings.Contains(r.err, "uneven") {
		t.Errorf("found %q, of classes that are even", r.err)
	}
}
