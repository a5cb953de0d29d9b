package command

import (
	"bytes"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/weightfile"
)

// small is a training of a second: digits 0 and 1, twenty images of each.
var small = []string{"--data", "sample", "--classes", "0-1", "--limit", "40", "--epochs", "1", "--batch", "64"}

// withSmall returns a command line of small and more.
func withSmall(command string, more ...string) []string {
	return slices.Concat([]string{command}, small, more)
}

// kinds of the values that the contract promises, by key.
type kinds map[string]any

var (
	number, count, text, yes = 0.0, 0, "", true
	names                    = []string{}

	epochKinds = kinds{"epoch": count, "loss": number, "accuracy": number, "seconds": number, "images_per_second": number}
	doneKinds  = kinds{"done": yes, "accuracy": number, "correct": count, "examples": count, "loss": number,
		"seconds": number, "peak_rss_bytes": count, "blas": text}
	retrainKinds = kinds{"trained": names, "frozen": names, "frozen_identical": yes, "seconds_features": number}
)

// check compares an object's values with their promised kinds.
func (k kinds) check(t *testing.T, object map[string]any) {
	t.Helper()
	for key, kind := range k {
		value, found := object[key]
		good := found
		switch kind.(type) {
		case float64:
			f, isNumber := value.(float64)
			good = isNumber && f >= 0 && !math.IsInf(f, 0)
		case int:
			f, isNumber := value.(float64)
			good = isNumber && f >= 0 && f == math.Trunc(f)
		case string:
			s, isText := value.(string)
			good = isText && s != ""
		case bool:
			_, good = value.(bool)
		case []string:
			_, good = value.([]any)
		}
		if !good {
			t.Errorf("key %q: found %#v (present: %v), expected a %T", key, value, found, kind)
		}
	}
}

// list returns the strings of a JSON list.
func list(value any) string {
	var s []string
	for _, v := range value.([]any) {
		s = append(s, v.(string))
	}
	return strings.Join(s, " ")
}

// checkTraining checks the lines of train or retrain.
func checkTraining(t *testing.T, r ran, epochs, examples int) map[string]any {
	t.Helper()
	lines := r.objects(t)
	if len(lines) != epochs+1 {
		t.Fatalf("%s: found %d lines, expected one for each of %d epochs and a last one", r.args, len(lines), epochs)
	}
	training := 0.0
	for i, line := range lines[:epochs] {
		epochKinds.check(t, line)
		if line["epoch"] != float64(i+1) || line["done"] != nil {
			t.Errorf("line %d: found %v", i+1, line)
		}
		training += line["seconds"].(float64)
	}
	done := lines[epochs]
	doneKinds.check(t, done)
	if done["done"] != true || done["examples"] != float64(examples) || done["accuracy"] != done["correct"].(float64)/done["examples"].(float64) {
		t.Errorf("%s: found the last line %v", r.args, done)
	}
	if done["seconds"].(float64) < training || done["peak_rss_bytes"].(float64) < 1<<20 {
		t.Errorf("%s: found %v s in all and %v s of training, and a peak of %v bytes", r.args, done["seconds"], training, done["peak_rss_bytes"])
	}
	return done
}

func TestTrainContract(t *testing.T) {
	t.Chdir(t.TempDir())
	first := ok(t, withSmall("train", "--json", "--seed", "7", "--epochs", "2", "--out", "a.safetensors")...)
	checkTraining(t, first, 2, 100)
	if !strings.Contains(first.err, "40 images of 2 classes") {
		t.Errorf("found %q on standard error, expected what goes on", first.err)
	}
	text := ok(t, withSmall("train", "--quiet", "--seed", "7", "--epochs", "2", "--out", "b.safetensors")...)
	for _, word := range []string{"trained (variable)", "epoch 1/2", "epoch 2/2", "test accuracy", "of 100", "b.safetensors"} {
		if !strings.Contains(text.out, word) {
			t.Errorf("found %q, expected it to say %q", text.out, word)
		}
	}
	if text.err != "" || strings.Contains(text.out, "{") {
		t.Errorf("--quiet without --json: found %q and on standard error %q", text.out, text.err)
	}
	a, b := readFile(t, "a.safetensors"), readFile(t, "b.safetensors")
	if !bytes.Equal(a, b) {
		t.Error("the same command twice made different files")
	}
	ok(t, withSmall("train", "--quiet", "--seed", "8", "--out", "b.safetensors")...)
	if bytes.Equal(a, readFile(t, "b.safetensors")) {
		t.Error("another seed made the same file")
	}
	if found := files(t, "."); found != "a.safetensors b.safetensors" {
		t.Errorf("found the files %s", found)
	}
}

func TestTrainValidates(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, line := range ok(t, withSmall("train", "--json", "--validation", "0.5", "--patience", "1", "--solver", "adam", "--schedule", "step")...).objects(t) {
		if line["epoch"] != nil {
			kinds{"validation_loss": number, "validation_accuracy": number}.check(t, line)
		}
	}
	if found := files(t, "."); found != "mnist.safetensors" {
		t.Errorf("found the files %q, expected the file of --out's default", found)
	}
}

func TestRetrainContract(t *testing.T) {
	from := pretrained()
	t.Chdir(t.TempDir())
	digits := []string{"--from", from, "--classes", "5-7", "--limit", "60", "--json"}
	runs := map[string]map[string]any{}
	for i, test := range []struct {
		out, trained, frozen string
		more                 []string
	}{
		{"cut", "fc1/W fc1/b fc2/W fc2/b", "conv1/W conv1/b conv2/W conv2/b", []string{"--last", "2"}},
		{"pattern", "fc1/W fc1/b fc2/W fc2/b", "conv1/W conv1/b conv2/W conv2/b", []string{"--train", "fc*"}},
		{"whole", "fc1/W fc1/b fc2/W fc2/b", "conv1/W conv1/b conv2/W conv2/b", []string{"--last", "2", "--no-cache"}},
		{"head", "fc2/W fc2/b", "conv1/W conv1/b conv2/W conv2/b fc1/W fc1/b", nil},
		{"all", "conv1/W conv1/b conv2/W conv2/b fc1/W fc1/b fc2/W fc2/b", "", []string{"--last", "4"}},
		{"apart", "conv1/W conv1/b fc2/W fc2/b", "conv2/W conv2/b fc1/W fc1/b", []string{"--train", "conv1,fc2"}},
	} {
		if testing.Short() && i > 2 {
			break
		}
		r := ok(t, slices.Concat(withSmall("retrain"), digits, test.more, []string{"--out", test.out})...)
		done := checkTraining(t, r, 1, 150)
		retrainKinds.check(t, done)
		if list(done["trained"]) != test.trained || list(done["frozen"]) != test.frozen || done["frozen_identical"] != true {
			t.Errorf("%s: found %v", r.args, done)
		}
		checkFrozen(t, from, test.out, done)
		runs[test.out] = done
	}
	if !bytes.Equal(readFile(t, "cut"), readFile(t, "pattern")) {
		t.Error("--last 2 and --train 'fc*' made different files")
	}
	cut, whole := runs["cut"], runs["whole"]
	if cut["correct"] != whole["correct"] || math.Abs(cut["loss"].(float64)-whole["loss"].(float64)) > 1e-4 {
		t.Errorf("found with the cut %v, with --no-cache %v: expected the same", cut, whole)
	}
}

// checkFrozen compares the weights in two files, whatever the program says.
func checkFrozen(t *testing.T, from, to string, done map[string]any) {
	t.Helper()
	before, err := weightfile.Read(from)
	if err != nil {
		t.Fatal(err)
	}
	after, err := weightfile.Read(to)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before.Prep, after.Prep) || strings.Join(after.Classes, "") != "567" {
		t.Errorf("found %+v and classes %v", after.Prep, after.Classes)
	}
	for _, name := range after.Weights.Names() {
		frozen := strings.Contains(" "+list(done["frozen"])+" ", " "+name+" ")
		if same := before.Weights.Hash(name) == after.Weights.Hash(name); same != frozen {
			t.Errorf("%s: frozen %v, the same bytes %v", name, frozen, same)
		}
	}
}

func TestRetrainKeepsHead(t *testing.T) {
	from := pretrained()
	out := filepath.Join(t.TempDir(), "out")
	// At this learning rate nothing moves: what the head knew, it still knows.
	r := ok(t, withSmall("retrain", "--from", from, "--keep-head", "--lr", "1e-12", "--json", "--out", out)...)
	if accuracy := r.last(t)["accuracy"].(float64); accuracy < 0.95 {
		t.Errorf("found an accuracy of %v with the old head, expected above 0.95", accuracy)
	}
}

func TestEvalContract(t *testing.T) {
	r := ok(t, "eval", "--model", pretrained(), "--data", "sample", "--json")
	if !strings.Contains(r.err, "2 of the 10 classes") || len(r.objects(t)) != 1 {
		t.Errorf("found %q, expected a word on the classes that are left out", r.err)
	}
	line := r.last(t)
	kinds{"accuracy": number, "correct": count, "examples": count, "loss": number, "confusion": names}.check(t, line)
	all, right := 0.0, 0.0
	for i, row := range line["confusion"].([]any) {
		for j, n := range row.([]any) {
			all += n.(float64)
			if i == j {
				right += n.(float64)
			}
		}
	}
	if all != line["examples"] || all != 100 || right != line["correct"] || line["accuracy"] != right/all || right < 95 {
		t.Errorf("found %v: its counts add up to %v and %v right ones", line, all, right)
	}
	text := ok(t, "eval", "--model", pretrained(), "--data", "sample", "--classes", "1", "--quiet")
	if text.err != "" || !strings.Contains(text.out, "of 50)") || !strings.Contains(text.out, "label down") {
		t.Errorf("found %q and %q", text.out, text.err)
	}
}
