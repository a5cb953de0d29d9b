package command

import (
	"encoding/csv"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
)

// TestPredictPhotos retrains a network on photos and asks it what is on others: by
// the command, by the library, and by onnxruntime, which gets our exported file and
// our pixels.
func TestPredictPhotos(t *testing.T) {
	slow(t)
	network, signs := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx"), peer.Data(t, "photos/signs")
	t.Chdir(t.TempDir())
	quiet := func(args ...string) ran {
		t.Helper()
		r := lastlayer(t, append(args, "--quiet")...)
		if r.status != exitDone {
			t.Fatalf("%s: exit status %d: %s", r.args, r.status, r.err)
		}
		return r
	}
	quiet("retrain", "--from", network, "--prepare", "tf", "--data", signs, "--limit", "100", "--epochs", "20", "--out", "signs.safetensors")
	quiet("convert", "signs.safetensors", "signs.onnx")
	folder := "new photos \x1b[31m"
	var files []string
	for _, class := range []string{"3", "7"} {
		found, err := filepath.Glob(filepath.Join(signs, "test", class, "*"))
		check(t, err)
		for i, path := range found[:2] {
			name := filepath.Join(folder, class, "-"+string(rune('a'+i))+" 📷.jpg")
			writeFile(t, name, readFile(t, path))
			files = append(files, name)
		}
	}
	writeFile(t, filepath.Join(folder, "notes.txt"), []byte("none"))
	writeFile(t, filepath.Join(folder, ".hidden.jpg"), []byte("none"))

	n, err := weightfile.Read("signs.safetensors")
	check(t, err)
	p, err := train.NewPredictor(n, 1)
	check(t, err)
	defer p.Close()
	lines := quiet("predict", "--model", "signs.safetensors", "--json", "--top", "3", folder).objects(t)
	last := lines[len(lines)-1]
	if len(lines) != len(files)+1 || last["done"] != true || last["other_files"] != 2.0 {
		t.Fatalf("found %d lines, the last one %v, expected %d answers and one with the count of other files", len(lines), last, len(files))
	}
	lines = lines[:len(files)]
	for i, line := range lines {
		img, err := dataset.ReadImage(t.Context(), files[i])
		check(t, err)
		q, err := p.Image(img)
		check(t, err)
		pixels, err := n.Prep.Photo.Pixels(img, 224, 224)
		check(t, err)
		set, err := dataset.NewSet("photo", n.Spec.Input, pixels, []int{0}, n.Classes, n.Prep)
		check(t, err)
		x := make([]float32, len(pixels))
		check(t, dataset.Read(set, x, []int{0}))
		logits, installed := peer.ONNXRuntime(t, "signs.onnx", x, 1, 3, 224, 224)
		if !installed {
			t.Skip("no onnxruntime-node here")
		}
		theirs := train.Softmax(logits)
		for class, name := range n.Classes {
			by := line["probabilities"].(map[string]any)[name].(float64)
			if math.Abs(by-q.Probabilities[class]) > 1e-4 || math.Abs(by-theirs[class]) > 1e-4 {
				t.Errorf("%s, class %s: found %v by the command, %v by the library, %v by onnxruntime", files[i], name, by, q.Probabilities[class], theirs[class])
			}
		}
		top := line["top"].([]any)
		if first := top[0].(map[string]any); line["file"] != files[i] || len(top) != 3 || first["label"] != line["label"] || first["probability"] != line["probability"] {
			t.Errorf("found %v", line)
		}
	}

	table, err := csv.NewReader(strings.NewReader(quiet("predict", "--model", "signs.safetensors", "--csv", "--top", "2", folder).out)).ReadAll()
	check(t, err)
	if want := []string{"file", "label", "probability", "label2", "probability2"}; len(table) != 5 || !slices.Equal(table[0], want) || table[1][0] != strings.ReplaceAll(files[0], "\x1b", `\x1b`) {
		t.Errorf("found the table %q", table)
	}
	none := quiet("predict", "--model", "signs.safetensors", "--threshold", "1", files[0], files[1])
	if !strings.Contains(none.out, ": none of these; at most ") || strings.Contains(none.out, "\x1b") {
		t.Errorf("found %q", none.out)
	}
	if line := quiet("predict", "--model", "signs.safetensors", "--threshold", "1", "--json", files[0]).last(t); line["label"] != train.NoneOfThese || line["none_of_these"] != true {
		t.Errorf("found %v", line)
	}
	for _, wrong := range [][]string{{"--top", "0"}, {"--threshold", "1.1"}, {"--threshold", "NaN"}, {"--csv", "--json"}} {
		if r := lastlayer(t, append([]string{"predict", "--model", "signs.safetensors", files[0]}, wrong...)...); r.status != exitUsage || !strings.Contains(r.err, wrong[0]) {
			t.Errorf("%s: found status %d: %s", r.args, r.status, r.err)
		}
	}
	check(t, os.Truncate(files[0], 1000))
	if r := lastlayer(t, "predict", "--model", "signs.safetensors", "--csv", folder); r.status != exitFailed || strings.Count(r.out, "\n") != 4 || !strings.Contains(r.err, "1 of 4 images have no answer") || !strings.Contains(r.err, "skipped files that are not images: 2") {
		t.Errorf("found status %d, %q and %q", r.status, r.out, r.err)
	}
}
