package command

import (
	"bytes"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/transfer/foreign"
)

// TestPretrainedONNX shows two networks that others trained, asks them what is on
// photos, and explains their retraining.
func TestPretrainedONNX(t *testing.T) {
	slow(t)
	labels := peer.Data(t, "pretrained/imagenet-1001-labels.txt")
	data := t.TempDir()
	for class, photo := range map[string]string{"cheeseburger": "burger", "Egyptian cat": "cat"} {
		content := readFile(t, peer.Data(t, "photos/single/"+photo+".jpg"))
		for _, name := range []string{"1.jpg", "2.jpg", "3.jpg"} {
			writeFile(t, filepath.Join(data, class, name), content)
		}
	}
	for file, parameters := range map[string]float64{"mobilenet_v1_025_224.onnx": 470_000, "mobilenet_v2_100_224.onnx": 3_500_000} {
		path := peer.Data(t, "pretrained/"+file)
		known := []string{"--labels", labels, "--prepare", "tf", "--json"}
		shown := ok(t, append([]string{"show", path}, known...)...).last(t)
		if found := shown["parameters"].(float64); found < parameters*0.98 || found > parameters*1.02 || len(shown["classes"].([]any)) != 1001 || shown["multiply_adds"].(float64) < 1e7 {
			t.Errorf("%s: found %v parameters, %d classes, %v multiply-adds", file, found, len(shown["classes"].([]any)), shown["multiply_adds"])
		}
		photos := []string{peer.Data(t, "photos/single/burger.jpg"), peer.Data(t, "photos/single/cat.jpg")}
		var seen []string
		for _, line := range ok(t, slices.Concat([]string{"predict", "--model", path}, known, photos)...).objects(t) {
			seen = append(seen, line["label"].(string))
		}
		if seen[0] != "cheeseburger" || strings.HasPrefix(file, "mobilenet_v2") && seen[1] != "Egyptian cat" {
			t.Errorf("%s: found %q, expected a cheeseburger and an Egyptian cat", file, seen)
		}
		told := ok(t, append([]string{"explain", "--from", path, "--data", data, "--last", "1", "--batch", "2", "--steps", "1"}, known...)...).last(t)
		proof := told["proof"].(map[string]any)
		if same := proof["frozen_identical"].(map[string]any); same["last layer, cut"] != true || proof["largest_change"].(float64) <= 0 {
			t.Errorf("%s: found the proof %v", file, proof)
		}
	}
}

// TestSources has every command read a network that is not ours.
func TestSources(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	ok(t, "convert", pretrained(), "n.onnx")
	ok(t, "convert", pretrained(), "n.npz", "--to-layout", "torch")
	n, err := weightfile.Read(pretrained())
	smallnet.Must(t, err)
	writeFile(t, "labels.txt", []byte("0\n1\n"))
	sample := []string{"--data", "sample", "--classes", "0-1"}
	for _, from := range [][]string{{"n.onnx"}, {"n.npz", "--labels", "labels.txt", "--prepare", "mnist"}} {
		eval := ok(t, slices.Concat([]string{"eval", "--json", "--model"}, from, sample)...).last(t)
		if eval["accuracy"].(float64) < 0.9 {
			t.Errorf("%v: found %v", from, eval["accuracy"])
		}
		ok(t, slices.Concat([]string{"explain", "--steps", "1", "--batch", "4", "--from"}, from, sample)...)
		ok(t, slices.Concat([]string{"lr-find", "--steps", "20", "--from"}, from, sample)...)
		ok(t, slices.Concat([]string{"retrain", "--epochs", "1", "--limit", "20", "--out", "r.safetensors", "--from"}, from, sample)...)
		r, err := weightfile.Read("r.safetensors")
		smallnet.Must(t, err)
		if r.Weights.Hash("fc1/W") != n.Weights.Hash("fc1/W") || r.Weights.Hash("fc2/W") == n.Weights.Hash("fc2/W") {
			t.Errorf("%v: found another network", from)
		}
		ok(t, append([]string{"show"}, from...)...)
		ok(t, slices.Concat([]string{"convert"}, from, []string{"again.onnx"})...)
	}
	said := "n.onnx: found a list of classes, preprocessing given: the file says that itself"
	for _, command := range []string{"eval --model", "explain --from", "retrain --from", "lr-find --from", "serve --model", "show"} {
		r := mnist(t, append(strings.Fields(command), "n.onnx", "--labels", "labels.txt", "--prepare", "mnist")...)
		r.refused(t, exitUsage, "--labels, --prepare: "+said)
	}
	mnist(t, "show", "n.npz", "--arch", "resnet19").refused(t, exitUsage, "--arch", "resnet18")
	mnist(t, "show", "n.npz", "--prepare", "torch").refused(t, exitUsage, "--prepare", "torchvision")
	mnist(t, "show", "n.npz", "--labels", "none.txt").refused(t, exitFailed, "--labels", "none.txt")
	mnist(t, "show", "n.npz", "--labels", "labels.txt", "--arch", "resnet18").refused(t, exitFailed, "n.npz: ", "conv1/W: found")
	mnist(t, "show", "hf:x").refused(t, exitUsage, "OWNER/REPO")
	mnist(t, "show").refused(t, exitUsage, "expected FILE")
	mnist(t, "lr-find", "--labels", "labels.txt").refused(t, exitUsage, "--labels", "--from")
	writeFile(t, "n.h5", []byte("\x89HDF\r\n\x1a\n"))
	mnist(t, "eval", "--model", "n.h5").refused(t, exitFailed, "n.h5", "HDF5", "numpy.savez")
}

// TestFeaturesFrom puts a new head on a layer inside a network.
func TestFeaturesFrom(t *testing.T) {
	t.Chdir(t.TempDir())
	ok(t, "convert", pretrained(), "n.onnx")
	for _, from := range []string{pretrained(), "n.onnx"} {
		ok(t, "retrain", "--from", from, "--features-from", "pool2", "--data", "sample", "--classes", "0-2", "--epochs", "1", "--limit", "30", "--out", "r.safetensors")
		r, err := weightfile.Read("r.safetensors")
		smallnet.Must(t, err)
		if names := r.Weights.Names(); !slices.Equal(names, []string{"conv1/W", "conv1/b", "conv2/W", "conv2/b", "head.fc/W", "head.fc/b"}) || len(r.Classes) != 3 {
			t.Errorf("%s: found %v for %v", from, names, r.Classes)
		}
		mnist(t, "retrain", "--from", from, "--features-from", "pool9", "--data", "sample").refused(t, exitUsage, "--features-from", "pool2")
	}
	data := readFile(t, "n.onnx")
	copy(data[bytes.LastIndex(data, []byte("MaxPool")):], "OddPool")
	writeFile(t, "odd.onnx", data)
	for _, command := range [][]string{{"show", "odd.onnx"}, {"retrain", "--from", "odd.onnx", "--data", "sample"}} {
		mnist(t, command...).refused(t, exitFailed, "odd.onnx: node ", `"OddPool"`, "supported are", "'--features-from relu2'")
	}
	ok(t, "show", "odd.onnx", "--features-from", "relu2")
	mnist(t, "retrain", "--from", "n.onnx", "--features-from", "pool2", "--keep-head").refused(t, exitUsage, "features-from", "keep-head")
	ok(t, "convert", "n.onnx", "f.safetensors", "--features-from", "pool2")
	if shown := ok(t, "show", "f.safetensors", "--json").last(t); len(shown["classes"].([]any)) != 64*7*7 {
		t.Errorf("found %d features", len(shown["classes"].([]any)))
	}
}

// TestArch shows weights whose network a name says.
func TestArch(t *testing.T) {
	spec, err := zoo.Spec("squeezenet1_1", 3, 64)
	smallnet.Must(t, err)
	n, err := model.New(spec, []string{"a", "b", "c"}, dataset.MNISTPreprocessing(), rand.New(rand.NewPCG(1, 2)))
	smallnet.Must(t, err)
	path := filepath.Join(t.TempDir(), "n.npz")
	smallnet.Must(t, foreign.Export(path, n, foreign.PyTorch))
	r := ok(t, "show", path, "--arch", "squeezenet1_1")
	for _, words := range []string{"[3 224 224]", "classifier.1", "classes: 0, 1, 2\n", "images: photos, the shorter side resized to 256, bilinear"} {
		if !strings.Contains(r.out, words) {
			t.Errorf("found no %q in\n%s", words, r.out)
		}
	}
	if strings.Count(r.err, path+": the file does not") != 2 {
		t.Errorf("found %q, expected two notes of what was assumed", r.err)
	}
	unknown := mnist(t, "show", path)
	unknown.refused(t, exitFailed, "--arch: found none", filepath.Base(path), "found 52 tensors", "such as resnet18")
	if strings.Contains(unknown.err, "ignored") { // no part of another network is of interest
		t.Errorf("found %q", unknown.err)
	}
}
