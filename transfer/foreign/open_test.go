package foreign

import (
	"bytes"
	"cmp"
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/hub"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/pkg/errors"
)

// timmFile writes fresh weights as timm has them: in its names, with three
// classes, and the hidden layer of MobileNet V3 as a convolution.
func timmFile(t *testing.T, arch, path string) *model.Weights {
	t.Helper()
	spec, names, err := zoo.Timm(arch, 3, 64)
	smallnet.Must(t, err)
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	smallnet.Must(t, err)
	tensors, err := exportTensors(&model.Network{Spec: spec, Weights: w, Classes: []string{"a", "b", "c"}, Prep: dataset.MNISTPreprocessing()}, PyTorch)
	smallnet.Must(t, err)
	tensors.Metadata = nil
	for i := range tensors.List {
		e := &tensors.List[i]
		layer, part := e.Name, ""
		for _, p := range []string{".weight", ".bias", ".running_mean", ".running_var"} {
			if before, ok := strings.CutSuffix(e.Name, p); ok {
				layer, part = before, p
			}
		}
		if e.Name = cmp.Or(names[layer], layer) + part; e.Name == "conv_head.weight" && len(e.Shape) == 2 {
			e.Shape = append(slices.Clone(e.Shape), 1, 1)
		}
	}
	smallnet.Must(t, weightfile.WriteTensors(path, tensors))
	return w
}

func sameWeights(t *testing.T, found, expected *model.Weights) {
	t.Helper()
	if !slices.Equal(found.Names(), expected.Names()) {
		t.Fatalf("found %v, expected %v", found.Names(), expected.Names())
	}
	for _, name := range expected.Names() {
		if found.Hash(name) != expected.Hash(name) {
			t.Errorf("found another %s", name)
		}
	}
}

// A name says the layers of weights, in torchvision's names or timm's, and the
// file how many classes there are.
func TestOpenArch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.safetensors")
	w := timmFile(t, "mobilenetv3_small_100", path)
	for _, arch := range []string{"mobilenetv3_small_100", "mobilenet_v3_small"} {
		r, err := Open(t.Context(), path, OpenOptions{Origin: Origin{Arch: arch, Size: 64}})
		smallnet.Must(t, err)
		sameWeights(t, r.Network.Weights, w)
		if norm := r.Network.Spec.Layers[1].Kind; norm != (model.BatchNorm{Eps: 1e-5}) {
			t.Errorf("%s: found %+v, expected timm's eps", arch, norm)
		}
		if len(r.Network.Classes) != 3 || r.Network.Prep.Photo.Resize != 73 || len(r.Notes) != 2 {
			t.Errorf("%s: found %v, %+v and the notes %q", arch, r.Network.Classes, r.Network.Prep, r.Notes)
		}
	}
	spec, err := zoo.Spec("squeezenet1_1", 5, 64)
	smallnet.Must(t, err)
	n, err := model.New(spec, []string{"0", "1", "2", "3", "4"}, dataset.MNISTPreprocessing(), rand.New(rand.NewPCG(1, 2)))
	smallnet.Must(t, err)
	tensors, err := exportTensors(n, PyTorch)
	smallnet.Must(t, err)
	tensors.Metadata = nil
	tensors.List = append(tensors.List, weightfile.Tensor{Name: "AuxLogits.fc.bias", DType: "F32", Shape: []int{5}, Values: make([]float32, 5)})
	smallnet.Must(t, weightfile.WriteTensors(path, tensors))
	r, err := Open(t.Context(), path, OpenOptions{Origin: Origin{Arch: "squeezenet1_1", Classes: strings.Fields("a b c b b"), Preset: "tf"}})
	smallnet.Must(t, err)
	sameWeights(t, r.Network.Weights, n.Weights)
	if !slices.Equal(r.Network.Classes, []string{"a", "b", "c", "b (2)", "b (3)"}) || r.Network.Prep.Photo.Mean[0] != 0.5 || len(r.Notes) != 1 || !slices.Equal(r.Report.Ignored, []string{"AuxLogits.fc.bias"}) {
		t.Errorf("found %v, %+v, the notes %q and\n%s", r.Network.Classes, r.Network.Prep, r.Notes, r.Report)
	}
	for _, test := range []struct {
		origin Origin
		cause  error
		word   string
	}{
		{Origin{}, model.ErrWeights, "such as resnet18"},
		{Origin{Arch: "resnet18", Size: 64}, model.ErrWeights, "in torch layout: bn1/bias"},
		{Origin{Arch: "squeezenet9"}, zoo.ErrUnknown, "mobilenetv3_small_100"},
		{Origin{Arch: "squeezenet1_1", Spec: &spec}, nil, "expected one of them"},
		{Origin{Arch: "squeezenet1_1", Classes: []string{"a"}}, nil, "found 1 classes, expected 5"},
		{Origin{Arch: "squeezenet1_1", Preset: "mnist"}, dataset.ErrArgument, "mnist"},
		{Origin{Spec: &model.Spec{Input: []int{4}, Layers: []model.Layer{{Name: "fc1", Kind: model.Dense{}}}}, Classes: []string{"a"}}, model.ErrSpec, "fc1"},
	} {
		if _, err := Open(t.Context(), path, OpenOptions{Origin: test.origin}); err == nil || test.cause != nil && !errors.Is(err, test.cause) || !strings.Contains(err.Error(), test.word) || !strings.Contains(err.Error(), path) {
			t.Errorf("%+v: found error %v, expected %v and %q", test.origin, err, test.cause, test.word)
		}
	}
}

// A network is cut at a layer; one of ONNX, below an operator that nobody knows.
func TestOpenFeatures(t *testing.T) {
	n, ours, weights, asONNX := kept(t)
	data, err := onnx.Encode(n, onnx.Options{})
	smallnet.Must(t, err)
	odd := filepath.Join(t.TempDir(), "odd.onnx")
	last := bytes.LastIndex(data, []byte("Relu"))
	copy(data[last:], "Odd8")
	smallnet.Must(t, os.WriteFile(odd, data, 0o600))
	for path, origin := range map[string]Origin{ours: {}, weights: {Spec: &n.Spec}, asONNX: {}, odd: {}} {
		r, err := Open(t.Context(), path, OpenOptions{Origin: origin, FeaturesFrom: "conv2"})
		smallnet.Must(t, err)
		if layers := r.Network.Spec.Layers; layers[len(layers)-2].Name != "conv2" || len(r.Network.Classes) != r.Network.Spec.Classes() || r.Network.Check() != nil {
			t.Errorf("%s: found %v", path, r.Network.Spec)
		}
		for _, name := range r.Network.Weights.Names() {
			if r.Network.Weights.Hash(name) != n.Weights.Hash(name) {
				t.Errorf("%s: found another %s", path, name)
			}
		}
		if _, err := Open(t.Context(), path, OpenOptions{Origin: origin, FeaturesFrom: "conv9"}); err == nil || !strings.Contains(err.Error(), "conv2") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: no such layer: found error %v", path, err)
		}
	}
	if _, err := Open(t.Context(), odd, OpenOptions{}); !errors.Is(err, weightfile.ErrForeign) || !strings.Contains(err.Error(), "Odd8") {
		t.Errorf("found error %v, expected one that names the operator", err)
	}
}

// hubOf serves files as the repository own/net of a hub, and makes it the one that
// is asked.
func hubOf(t *testing.T, files map[string][]byte) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		commit := strings.Repeat("1", 40)
		w.Header().Set("X-Repo-Commit", commit)
		_, name, _ := strings.Cut(strings.Replace(r.URL.Path, commit, "main", 1), "/own/net/resolve/main/")
		content, ok := files[name]
		if !ok {
			w.Header().Set("X-Error-Code", "EntryNotFound")
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("ETag", fmt.Sprintf("%q", fmt.Sprintf("%x", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content)))))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	t.Cleanup(server.Close)
	t.Setenv("HF_ENDPOINT", server.URL)
	t.Setenv("HF_HUB_CACHE", t.TempDir())
	t.Setenv("HF_HUB_OFFLINE", "")
	t.Setenv("HF_TOKEN", "")
}

// A repository of timm says all that its weights do not.
func TestOpenHub(t *testing.T) {
	path := filepath.Join(t.TempDir(), "net.safetensors")
	w := timmFile(t, "mobilenetv3_small_100", path)
	content, err := os.ReadFile(path)
	smallnet.Must(t, err)
	files := map[string][]byte{
		"model.safetensors": content,
		"config.json": []byte(`{"architecture": "mobilenetv3_small_100", "num_classes": 3, "label_names": ["ant", "bee", "crow"], "pretrained_cfg":
			{"input_size": [3, 64, 64], "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "crop_pct": 0.9, "crop_mode": "center", "interpolation": "bicubic"}}`),
	}
	hubOf(t, files)
	reported := 0
	r, err := Open(t.Context(), "hf:own/net", OpenOptions{Progress: func(string, int64, int64) { reported++ }})
	smallnet.Must(t, err)
	sameWeights(t, r.Network.Weights, w)
	prep := dataset.Preprocessing{Scale: 1.0 / 255, Std: 1, Polarity: dataset.DarkOnLight, Photo: dataset.Photo{
		Resize: 71, Interpolation: dataset.Bicubic, Mean: dataset.PerChannel{0.1, 0.2, 0.3}, Std: dataset.PerChannel{0.4, 0.5, 0.6}}}
	if r.Network.Prep != prep || !slices.Equal(r.Network.Classes, []string{"ant", "bee", "crow"}) || !slices.Equal(r.Network.Spec.Input, []int{3, 64, 64}) || len(r.Notes) != 0 || reported == 0 {
		t.Errorf("found %+v, %v, %v, %q, %d reports", r.Network.Prep, r.Network.Classes, r.Network.Spec.Input, r.Notes, reported)
	}
	r, err = Open(t.Context(), "hf:own/net", OpenOptions{Origin: Origin{Classes: []string{"x", "y", "z"}, Preset: "tf"}})
	if err != nil || r.Network.Classes[0] != "x" || r.Network.Prep.Photo.Mean[0] != 0.5 {
		t.Errorf("found %+v (%v), expected what was said", r.Network, err)
	}
	for _, test := range []struct {
		config string
		origin Origin
		cause  error
		word   string
	}{
		{`{"architecture": "vit_base"}`, Origin{}, zoo.ErrUnknown, "vit_base"},
		{`{"architectures": ["ResNetForImageClassification"]}`, Origin{}, model.ErrWeights, "transformers"},
		{`{"architecture": "mobilenetv3_small_100", "pretrained_cfg": {"input_size": [3, 64, 32]}}`, Origin{}, hub.ErrConfig, "[3 64 32]"},
		{`{"architecture": "mobilenetv3_small_100", "pretrained_cfg": {"crop_mode": "border"}}`, Origin{}, hub.ErrConfig, "crop_mode"},
		{`{"architecture": "mobilenetv3_small_100", "pretrained_cfg": {"interpolation": "nearest"}}`, Origin{}, hub.ErrConfig, "nearest"},
		{"", Origin{}, model.ErrWeights, "such as resnet18"},
		{"", Origin{Arch: "mobilenet_v3_small", Size: 64}, nil, ""},
		{`{"architectures": ["Other"]}`, Origin{Arch: "mobilenet_v3_small", Size: 64}, nil, ""},
	} {
		if files["config.json"] = []byte(test.config); test.config == "" {
			delete(files, "config.json")
		}
		hubOf(t, files)
		_, err := Open(t.Context(), "hf:own/net", OpenOptions{Origin: test.origin})
		switch {
		case test.word == "" && err != nil:
			t.Errorf("%s: found error %v", test.config, err)
		case test.word != "" && (err == nil || !errors.Is(err, test.cause) || !strings.Contains(err.Error(), test.word) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%s: found error %v, expected %v and %q", test.config, err, test.cause, test.word)
		}
	}
	if _, err := Open(t.Context(), "hf:own", OpenOptions{}); !errors.Is(err, hub.ErrRef) {
		t.Errorf("found error %v, expected ErrRef", err)
	}
}

func TestReadLabels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "labels.txt")
	for text, expected := range map[string][]string{
		"\ufeffcat\r\n dog \r\n\r\n": {"cat", "dog"}, "a b\nc,d": {"a b", "c,d"}, "crane\ncrane\n": {"crane", "crane"},
		"a\n\nb": nil, "": nil, "\xff": nil, "a\x1b[1m\n": nil,
	} {
		smallnet.Must(t, os.WriteFile(path, []byte(text), 0o600))
		labels, err := ReadLabels(path)
		if (err != nil) != (expected == nil) || !slices.Equal(labels, expected) || err != nil && !strings.Contains(err.Error(), path) {
			t.Errorf("%q: found %q (%v), expected %q", text, labels, err, expected)
		}
	}
	if all, numbered := distinct([]string{"a", "a (2)", "a", "a"}); !slices.Equal(all, []string{"a", "a (2)", "a (3)", "a (4)"}) || len(numbered) != 2 {
		t.Errorf("found %q, %q", all, numbered)
	}
}
