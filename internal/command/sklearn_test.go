package command

import (
	"encoding/json"
	"fmt"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"image"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer/foreign"
)

// TestSklearn retrains the last layer on a folder of 20 images of each of five
// classes that the network has never seen, and holds that against
// scikit-learn's LogisticRegression on the same features: its own default
// objective is reached alike by the exact solver, and its accuracy without decay
// and by the defaults of retrain too.
//
// FEWSHOT_FROM and FEWSHOT_DATA name another network and other images, as
// mnist, than those that the repository holds.
func TestSklearn(t *testing.T) {
	slow(t)
	python := peer.Python(t, "sklearn")
	t.Chdir(t.TempDir())
	from, data := os.Getenv("FEWSHOT_FROM"), os.Getenv("FEWSHOT_DATA")
	if from == "" {
		from = "digits.safetensors"
		ok(t, "train", "--data", "sample", "--classes", "0-4", "--epochs", "10", "--batch", "16", "--out", from, "--quiet")
	}
	if data == "" {
		data = "sample"
	}
	few := writeFew(t, data)
	m, err := weightfile.Read(from)
	check(t, err)
	train, test, err := dataset.Open(few, dataset.Options{})
	check(t, err)
	train.Prep, test.Prep = m.Prep, m.Prep
	theirs := logisticRegression(t, python, m, train, test, "1")
	t.Logf("scikit-learn: %v", theirs)
	retrain := func(flags ...string) map[string]any {
		t.Helper()
		done := ok(t, append([]string{"retrain", "--from", from, "--data", few, "--last", "1", "--json", "--quiet"}, flags...)...).last(t)
		t.Logf("%v: accuracy %v of %v, training loss %v", flags, done["accuracy"], done["examples"], done["training_loss"])
		return done
	}
	same := retrain("--solver", "lbfgs", "--weight-decay", "0.01") // 1/(C·N) for scikit-learn's C = 1
	if d := math.Abs(same["objective"].(float64) - theirs["objective"]); d > 1e-5 {
		t.Errorf("found the objective %v, scikit-learn's is %v", same["objective"], theirs["objective"])
	}
	if d := math.Abs(same["accuracy"].(float64) - theirs["accuracy"]); d > 0.005 {
		t.Errorf("the same objective: found the accuracy %v, scikit-learn's is %v", same["accuracy"], theirs["accuracy"])
	}
	for _, flags := range [][]string{{}, {"--solver", "lbfgs"}} {
		if done := retrain(flags...); done["accuracy"].(float64) < theirs["accuracy"]-0.02 {
			t.Errorf("%v: found the accuracy %v, expected at most 2 points below scikit-learn's %v", flags, done["accuracy"], theirs["accuracy"])
		}
	}
}

// TestSigns retrains MobileNet V2 on photos of ten signs by the four ways that a
// newcomer may take, and holds each against scikit-learn's LogisticRegression on the
// same features: at most 3 of 150 test images fewer are right.
func TestSigns(t *testing.T) {
	slow(t)
	python := peer.Python(t, "sklearn")
	network, signs := peer.Data(t, "pretrained/mobilenet_v2_100_224.onnx"), peer.Data(t, "photos/signs")
	t.Chdir(t.TempDir())
	r, err := foreign.Open(t.Context(), network, foreign.OpenOptions{Origin: foreign.Origin{Preset: "tf"}})
	check(t, err)
	train, test, err := dataset.Open(signs, dataset.Options{Shape: r.Network.Spec.Input, Prep: r.Network.Prep})
	check(t, err)
	for c, decay := range map[string]string{"1": "0.0025", "0.1": "0.025"} { // 1/(C·N)
		theirs := logisticRegression(t, python, r.Network, train, test, c)
		t.Logf("scikit-learn, C = %s: %v", c, theirs)
		for _, flags := range [][]string{{}, {"--weight-decay", decay}, {"--solver", "lbfgs"}, {"--solver", "lbfgs", "--weight-decay", decay}} {
			done := lastlayer(t, append([]string{"retrain", "--from", network, "--prepare", "tf", "--data", signs, "--cache-dir", "features", "--json", "--quiet"}, flags...)...).last(t)
			t.Logf("%v: accuracy %v of %v, training loss %v", flags, done["accuracy"], done["examples"], done["training_loss"])
			if done["examples"] != 150.0 || done["accuracy"].(float64) < theirs["accuracy"]-3.01/150 || done["frozen_identical"] != true {
				t.Errorf("%v: found %v, expected at most 3 of 150 images below scikit-learn's %v", flags, done, theirs)
			}
			if len(flags) == 4 && math.Abs(done["objective"].(float64)-theirs["objective"]) > 1e-5 {
				t.Errorf("found the objective %v, scikit-learn's is %v", done["objective"], theirs["objective"])
			}
		}
	}
}

// writeFew makes a folder of PNG files: of each of the classes 5 to 9, 20
// training images and all test images, at most 400. It returns its name.
func writeFew(t *testing.T, data string) string {
	t.Helper()
	train, test, err := dataset.Open(data, dataset.Options{})
	check(t, err)
	for half, set := range map[string]*dataset.Set{"train": train, "test": test} {
		set, err = set.Filter(set.Classes[len(set.Classes)-5:])
		check(t, err)
		if half == "train" {
			set, err = set.Limit(100, 1)
		} else if set.Len() > 2000 {
			set, err = set.Limit(2000, 1)
		}
		check(t, err)
		for i := range set.Len() {
			img := &image.Gray{Pix: set.Image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}
			writeFile(t, filepath.Join("few", half, set.Classes[set.Label(i)], fmt.Sprintf("%d.png", i)), encoded(t, img, ".png"))
		}
	}
	return "few"
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// logisticRegression runs scikit-learn on what the frozen layers of the network
// make of the images.
func logisticRegression(t *testing.T, python string, m *model.Network, train, test *dataset.Set, c string) map[string]float64 {
	t.Helper()
	trunk, err := feature.NewTrunk(m, model.Last(1))
	check(t, err)
	defer trunk.Close()
	var tensors weightfile.Tensors
	for name, set := range map[string]*dataset.Set{"train": train, "test": test} {
		features, err := trunk.Features(t.Context(), set, feature.Options{CacheDir: "features"})
		check(t, err)
		rows, labels := weightfile.Tensor{Name: name}, weightfile.Tensor{Name: name + "_labels", Shape: []int{set.Len()}}
		for i := range set.Len() {
			rows.Values = append(rows.Values, features.Row(i)...)
			labels.Values = append(labels.Values, float32(set.Label(i)))
		}
		rows.Shape = []int{set.Len(), len(features.Row(0))}
		tensors.List = append(tensors.List, rows, labels)
		check(t, features.Close())
	}
	check(t, weightfile.WriteTensors("features.npz", &tensors))
	out, err := exec.CommandContext(t.Context(), python, filepath.Join(repository, "testdata", "peers", "sklearn_peer.py"), "features.npz", c).Output()
	if err != nil {
		t.Fatalf("scikit-learn: %v: %s", err, out)
	}
	var result map[string]float64
	check(t, json.Unmarshal(out, &result))
	return result
}
