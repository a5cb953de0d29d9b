package command

import (
	"strings"
	"testing"
)

// TestSmallData makes sure that few images are seen often when nothing else was
// said, that this is told, and that what was said holds.
func TestSmallData(t *testing.T) {
	slow(t)
	from := pretrained()
	t.Chdir(t.TempDir())
	few := []string{"retrain", "--from", from, "--data", "sample", "--classes", "0-1", "--out", "m", "--json", "--limit", "10"}
	for _, test := range []struct {
		more   string
		epochs int
		told   bool
	}{
		{"", 100, true}, {"--augment shift --augment-copies 1", 100, true},
		{"--epochs 3", 3, false}, {"--epochs 5", 5, false}, {"--validation 0.2", 5, false},
	} {
		r := ok(t, append(few, strings.Fields(test.more)...)...)
		if got := len(r.objects(t)) - 1; got != test.epochs {
			t.Errorf("%q: found %d epochs, expected %d", test.more, got, test.epochs)
		}
		if told := strings.Contains(r.err, "10 training images are fewer than 1000: 100 epochs"); told != test.told {
			t.Errorf("%q: found %q", test.more, r.err)
		}
	}
	many := ok(t, "retrain", "--from", from, "--data", "sample", "--classes", "5-9", "--out", "m", "--json") // 1000 images
	if got := len(many.objects(t)) - 1; got != 5 || strings.Contains(many.err, "fewer") {
		t.Errorf("found %d epochs and %q", got, many.err)
	}
}
