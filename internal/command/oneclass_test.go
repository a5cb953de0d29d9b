package command

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOneClass makes sure that nothing is trained to tell one class from
// nothing, whichever way the class came to be alone.
func TestOneClass(t *testing.T) {
	from := pretrained()
	folder := imageFolder(t)
	if err := os.RemoveAll(filepath.Join(folder, "one")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		say  string
	}{
		{[]string{"train", "--data", "sample", "--classes", "1"}, "found 1 class, 1, expected 2 or more"},
		{[]string{"retrain", "--from", from, "--data", "sample", "--classes", "1"}, "found 1 classes, expected 2 or more"},
		{[]string{"retrain", "--from", from, "--data", "sample", "--classes", "1", "--solver", "lbfgs"}, "found 1 classes, expected 2 or more"},
		{[]string{"lr-find", "--data", "sample", "--classes", "1"}, "found 1 class, 1, expected 2 or more"},
		{[]string{"train", "--data", folder}, "found one class, nought"},
		{[]string{"eval", "--model", from, "--data", folder}, "found one class, nought"},
	} {
		t.Chdir(t.TempDir())
		mnist(t, append(test.args, "--quiet", "--json")...).refused(t, exitFailed, test.say)
		if found := files(t, "."); found != "" {
			t.Errorf("%v: left the files %s", test.args, found)
		}
	}
	// One class of the data is enough to measure a network that knows more.
	if line := ok(t, "eval", "--model", from, "--data", "sample", "--classes", "1", "--json").last(t); line["examples"] != 50.0 {
		t.Errorf("found %v examples of one class", line["examples"])
	}
}
