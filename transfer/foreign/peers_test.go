package foreign

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
)

// These tests ask other programs. Each is skipped where its program is not
// installed; the reference files in testdata/peers stand in for them there.

const peerImages = 256

// exchange runs programs on the small network and the seed network, with the first
// real images of the sample's test set.
type exchange struct {
	t      *testing.T
	folder string
	images []float32 // [256,1,28,28]
}

func newPeer(t *testing.T) *exchange {
	t.Helper()
	_, test, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := &exchange{t, t.TempDir(), make([]float32, peerImages*784)}
	indices := make([]int, peerImages)
	for i := range indices {
		indices[i] = i
	}
	test.Gather(p.images, indices)
	images := &weightfile.Tensors{List: []weightfile.Tensor{{Name: "images", Shape: []int{peerImages, 1, 28, 28}, Values: p.images}}}
	if err := weightfile.WriteTensors(p.path("images.npz"), images); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *exchange) path(name string) string { return filepath.Join(p.folder, name) }

// run runs a program and fails with what it printed.
func (p *exchange) run(program string, args ...string) {
	p.t.Helper()
	cmd := exec.Command(program, args...)
	// One thread: spinning OpenMP threads are slow on a busy machine.
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
}

// spec writes the spec as JSON and returns the file's path.
func (p *exchange) spec(spec model.Spec) string {
	p.t.Helper()
	text, err := json.Marshal(spec)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(p.path("spec.json"), text, 0o644); err != nil {
		p.t.Fatal(err)
	}
	return p.path("spec.json")
}

// bothModels returns the small and the seed network.
func bothModels(t *testing.T) map[string]*model.Network {
	t.Helper()
	seed := &model.Network{Spec: model.DeepMNIST(), Prep: dataset.MNISTPreprocessing()}
	var err error
	if seed.Weights, err = model.Init(seed.Spec, rand.New(rand.NewPCG(5, 6))); err != nil {
		t.Fatal(err)
	}
	for i := range seed.Spec.Classes() {
		seed.Classes = append(seed.Classes, strconv.Itoa(i))
	}
	return map[string]*model.Network{"small": smallModel(t), "seed": seed}
}

// testExport holds that a peer's script loads what we export and gives our
// logits.
func testExport(t *testing.T, interpreter, script string, layout Layout) {
	for name, m := range bothModels(t) {
		p := newPeer(t)
		want := forward(t, m.Spec, m.Weights, peerImages, p.images)
		endings := map[string][]string{"small": {".npz", ".safetensors"}, "seed": {".safetensors"}}
		for _, ending := range endings[name] {
			weights, logits := p.path("weights"+ending), p.path("logits.npz")
			if err := Export(weights, m, layout); err != nil {
				t.Fatal(err)
			}
			p.run(interpreter, peers+script, "run", p.spec(m.Spec), p.path("images.npz"), weights, logits)
			mustBeClose(t, name+ending, read(t, logits).Get("logits").Values, want)
		}
	}
}

// testImport holds that we load what a peer's script draws and give its logits.
func testImport(t *testing.T, interpreter, script string, layout Layout, endings ...string) {
	for name, m := range bothModels(t) {
		p := newPeer(t)
		p.run(interpreter, peers+script, "make", p.spec(m.Spec), p.path("images.npz"), p.path("made"))
		want := read(t, p.path("made-logits.npz")).Get("logits").Values
		for _, ending := range endings {
			w, report, err := Import(read(t, p.path("made"+ending)), m.Spec, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if report.Layout != layout {
				t.Errorf("found layout %s, expected %s", report.Layout, layout)
			}
			mustBeClose(t, name+ending, forward(t, m.Spec, w, peerImages, p.images), want)
		}
	}
}

func TestPyTorchRunsOurExport(t *testing.T) {
	testExport(t, peer.Python(t, "torch", "numpy"), "torch_peer.py", PyTorch)
}

func TestWeRunPyTorchsExport(t *testing.T) {
	testImport(t, peer.Python(t, "torch", "numpy"), "torch_peer.py", PyTorch, ".safetensors", ".npz", ".pt")
}

func TestNumPyRunsOurExport(t *testing.T) {
	testExport(t, peer.Python(t, "numpy"), "nhwc_peer.py", TensorFlow)
}

func TestWeRunNumPysExport(t *testing.T) {
	testImport(t, peer.Python(t, "numpy"), "nhwc_peer.py", TensorFlow, ".npz")
}

func TestONNXRuntimeRunsOurExport(t *testing.T) {
	if err := exec.Command("node", peers+"onnx_peer.cjs").Run(); err != nil {
		t.Skipf("no node with onnxruntime-node or onnxruntime-web in NODE_PATH here: %v", err)
	}
	for name, m := range bothModels(t) {
		p := newPeer(t)
		raw, err := binary.Append(nil, binary.LittleEndian, p.images)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p.path("images.f32"), raw, 0o644); err != nil {
			t.Fatal(err)
		}
		logits := forward(t, m.Spec, m.Weights, peerImages, p.images)
		mustBeClose(t, name, p.onnx(m, onnx.Options{}, "logits"), logits)
		mustBeClose(t, name+" with softmax", p.onnx(m, onnx.Options{Softmax: true}, "probabilities"), softmax(logits, m.Spec.Classes()))
	}
}

// softmax returns the probabilities of each row of logits.
func softmax(logits []float32, classes int) []float32 {
	out := make([]float32, 0, len(logits))
	for ; len(logits) > 0; logits = logits[classes:] {
		row, sum := logits[:classes], 0.0
		for _, v := range row {
			sum += math.Exp(float64(v - slices.Max(row)))
		}
		for _, v := range row {
			out = append(out, float32(math.Exp(float64(v-slices.Max(row)))/sum))
		}
	}
	return out
}

// onnx returns the output of the exported model.
func (p *exchange) onnx(m *model.Network, opt onnx.Options, output string) []float32 {
	p.t.Helper()
	if err := onnx.Write(p.path("m.onnx"), m, opt); err != nil {
		p.t.Fatal(err)
	}
	p.run("node", peers+"onnx_peer.cjs", p.path("m.onnx"), p.path("images.f32"), strconv.Itoa(peerImages), "1", "28", "28", p.path("out.json"))
	text, err := os.ReadFile(p.path("out.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	var got struct {
		Name   string
		Dims   []int
		Values []float32
	}
	if err := json.Unmarshal(text, &got); err != nil {
		p.t.Fatal(err)
	}
	if want := []int{peerImages, m.Spec.Classes()}; got.Name != output || !reflect.DeepEqual(got.Dims, want) {
		p.t.Errorf("found output %q %v, expected %q %v", got.Name, got.Dims, output, want)
	}
	return got.Values
}
