package command

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model/weightfile"
)

// TestTestedOnWhatItWasTrainedOn moves test images among the training images
// and back again: eval must know.
func TestTestedOnWhatItWasTrainedOn(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	images, labels := digits(t, 12)
	for i, digit := range images {
		half := []string{"train", "test"}[i%3/2]
		name := filepath.Join("images", half, labels[i], string(rune('a'+i))+".png")
		writeFile(t, name, encoded(t, onPaper(digit, 2, i, white, black), ".png"))
	}
	data := []string{"--data", "images", "--epochs", "1"}
	done := ok(t, slices.Concat([]string{"train", "--out", "m", "--json"}, data)...).last(t)
	clean := ok(t, "eval", "--model", "m", "--data", "images", "--json").last(t)
	if done["trained_on"] != 0.0 || clean["trained_on"] != 0.0 {
		t.Errorf("found %v and %v test images that were trained on, expected none", done["trained_on"], clean["trained_on"])
	}
	for i, digit := range images {
		if i%3 == 0 {
			writeFile(t, filepath.Join("images", "test", labels[i], string(rune('a'+i))+"-again.png"), encoded(t, onPaper(digit, 2, i, white, black), ".png"))
		}
	}
	r := ok(t, "eval", "--model", "m", "--data", "images")
	if !strings.Contains(r.out, "trained on 8 of 16 test images") || !strings.Contains(r.err, "8 of 16 test images are exact copies of training images") {
		t.Errorf("found %q and %q", r.out, r.err)
	}
	// What came before a retraining counts too.
	if err := os.RemoveAll(filepath.Join("images", "train")); err != nil {
		t.Fatal(err)
	}
	for i, digit := range images {
		if i%3 == 1 {
			writeFile(t, filepath.Join("images", "train", labels[i], string(rune('a'+i))+".png"), encoded(t, onPaper(digit, 2, i, white, black), ".png"))
		}
	}
	for _, flags := range [][]string{{"--epochs", "1"}, {"--solver", "lbfgs", "--iterations", "2"}} {
		line := ok(t, slices.Concat([]string{"retrain", "--from", "m", "--data", "images", "--out", "n", "--json"}, flags)...).last(t)
		if line["trained_on"] != 8.0 {
			t.Errorf("%v: found %v test images that the network was trained on, expected 8", flags, line["trained_on"])
		}
	}
	m, err := weightfile.Read("n")
	if err != nil || m.Seen.Len() != 16 {
		t.Errorf("found %d images remembered, expected 16: %v", m.Seen.Len(), err)
	}
	// A file that says nothing, and one that has a sample.
	m.Seen = dataset.Seen{}
	if err := weightfile.Write("old", m); err != nil {
		t.Fatal(err)
	}
	if line := ok(t, "eval", "--model", "old", "--data", "images", "--json").last(t); line["trained_on"] != nil {
		t.Errorf("found %v test images that were trained on, of a file that does not say", line["trained_on"])
	}
	all, _, err := dataset.Open("images", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m.Seen = all.Seen().Lowest(4)
	if err := weightfile.Write("sample", m); err != nil {
		t.Fatal(err)
	}
	if line := ok(t, "eval", "--model", "sample", "--data", "images", "--json").last(t); line["trained_on"] != 0.0 || line["looked_up"] == nil {
		t.Errorf("found %v", line)
	}
}
