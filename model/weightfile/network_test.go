package weightfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// One network, as ONNX with what we say of it, and without.
func TestReadsONNX(t *testing.T) {
	const ours = "../../testdata/peers/torch.onnx"
	n, err := weightfile.Read(ours)
	if err != nil || len(n.Classes) != 5 || n.Prep != dataset.MNISTPreprocessing() {
		t.Fatalf("found %v (%v), expected the five classes that the file names", n, err)
	}
	if _, used, err := weightfile.ReadAs(ours, weightfile.Unsaid{}); err != nil || used {
		t.Errorf("found %v and %v, expected that nothing is unsaid", used, err)
	}
	data, err := os.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	theirs := filepath.Join(t.TempDir(), "n.onnx")
	if err := os.WriteFile(theirs, []byte(strings.ReplaceAll(string(data), "lastlayer.classes", "otherones.classes")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := weightfile.Read(theirs); !errors.Is(err, weightfile.ErrForeign) {
		t.Errorf("found %v, expected ErrForeign: nothing says what the classes are", err)
	}
	prep := dataset.Preprocessing{Scale: 1, Std: 2, Polarity: dataset.DarkOnLight}
	n, used, err := weightfile.ReadAs(theirs, weightfile.Unsaid{Prep: prep})
	if err != nil || !used || strings.Join(n.Classes, "") != "01234" || n.Prep != prep {
		t.Errorf("found %v (%v), expected the classes 0 to 4", n, err)
	}
	if _, _, err := weightfile.ReadAs(theirs, weightfile.Unsaid{Classes: []string{"a"}, Prep: prep}); err == nil {
		t.Error("found no error for one class, expected five")
	}
	if _, _, err := weightfile.ReadAs(theirs, weightfile.Unsaid{}); err == nil {
		t.Error("found no error without preprocessing")
	}
	if err := os.WriteFile(theirs, data[:len(data)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := weightfile.Read(theirs); !errors.Is(err, weightfile.ErrFormat) {
		t.Errorf("half a file: found %v, expected ErrFormat", err)
	}
}
