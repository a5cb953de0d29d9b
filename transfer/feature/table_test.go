package feature_test

import (
	"bytes"
	"encoding/csv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// TestTables writes the features of two halves and reads them back with package csv and
// numpy.
func TestTables(t *testing.T) {
	weights, err := model.Init(small(), rand.New(rand.NewPCG(1, 2)))
	check(err)
	train, test, err := dataset.Open("sample", dataset.Options{})
	check(err)
	train.Name = "=train 📷"
	trunk, err := feature.NewTrunk(smallnet.Of(small(), weights), model.Last(1))
	check(err)
	defer trunk.Close()
	parts := []feature.Part{{Name: "train", Images: train}, {Name: "test", Images: test}}
	for i := range parts {
		parts[i].Features, err = trunk.Features(t.Context(), parts[i].Images, feature.Options{})
		check(err)
		defer parts[i].Features.Close()
	}
	var table bytes.Buffer
	check(feature.WriteCSV(&table, parts...))
	rows, err := csv.NewReader(&table).ReadAll()
	check(err)
	if len(rows) != 1+2500 || len(rows[0]) != 3+24 || rows[1][0] != "train" || rows[1][1] != "'=train 📷/0" || rows[2001][0] != "test" {
		t.Errorf("found %d rows such as %q", len(rows), rows[1])
	}
	for i, text := range rows[2003][3:] {
		v, err := strconv.ParseFloat(text, 32)
		if err != nil || float32(v) != parts[1].Features.Row(2)[i] {
			t.Errorf("test image 2, feature %d: found %q, expected %v", i, text, parts[1].Features.Row(2)[i])
		}
	}
	if rows[2003][2] != test.Classes[test.Label(2)] {
		t.Errorf("found the label %s", rows[2003][2])
	}

	var archive, again bytes.Buffer
	check(feature.WriteNPZ(&archive, parts...))
	check(feature.WriteNPZ(&again, parts...))
	if !bytes.Equal(archive.Bytes(), again.Bytes()) {
		t.Error("the same features give other bytes")
	}
	path := filepath.Join(t.TempDir(), "f.npz")
	check(os.WriteFile(path, archive.Bytes(), 0o600))
	out, err := exec.CommandContext(t.Context(), peer.Python(t, "numpy"), "-c", `import numpy, sys
d = numpy.load(sys.argv[1])
print(sorted(d), d["train"].shape, d["train"].dtype, d["test_labels"].shape, d["test_labels"].dtype, d["train_files"][1], "".join(d["classes"]), repr(float(d["test"][2][3])), d["test_labels"][2])`, path).CombinedOutput()
	want := "['classes', 'test', 'test_files', 'test_labels', 'train', 'train_files', 'train_labels'] (2000, 24) float32 (500,) int64 =train 📷/1 0123456789 " +
		strconv.FormatFloat(float64(parts[1].Features.Row(2)[3]), 'g', -1, 64) + " " + strconv.Itoa(test.Label(2)) + "\n"
	if err != nil || string(out) != want {
		t.Errorf("numpy found\n%s, expected\n%s (%v)", out, want, err)
	}

	for _, wrong := range [][]feature.Part{nil, {{Name: "train", Images: train}}, {{Name: "train", Images: train, Features: parts[1].Features}}, {{Name: "test", Features: parts[1].Features}}} {
		if err := feature.WriteNPZ(&archive, wrong...); !errors.Is(err, feature.ErrTable) {
			t.Errorf("%d parts: found error %v, expected ErrTable", len(wrong), err)
		}
	}
}
