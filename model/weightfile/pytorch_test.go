package weightfile

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/model/weightfile/torch"
	"github.com/pkg/errors"
)

const torchFiles = "../../testdata/peers/torch"

// Files that testdata/peers/torch_files.py wrote, kept here.
func TestReadsPyTorch(t *testing.T) {
	checkPyTorch(t, torchFiles, 2*5)
}

// The same script, run here and now, with more of the same.
func TestReadsWhatPyTorchWrites(t *testing.T) {
	python := peer.Python(t, "torch", "numpy") // or testdata/peers/torch stands in for it
	folder := t.TempDir()
	peer.RunPython(t, python, "torch_files.py", folder)
	checkPyTorch(t, folder, 4*6)
}

// checkPyTorch holds every .pt file of a folder against the safetensors beside
// it, or against the reason to refuse it, and that there are so many of the
// former.
func checkPyTorch(t *testing.T, folder string, want int) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.pt"))
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, path := range paths {
		name, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".pt"), "-")
		got, err := ReadTensors(path)
		if name == "refused" {
			checkRefused(t, path, err)
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		expected, err := ReadTensors(filepath.Join(folder, name+".safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		comparePyTorch(t, path, name, got, expected)
		read++
	}
	if read != want {
		t.Errorf("found %d files to read in %s, expected %d", read, folder, want)
	}
}

func comparePyTorch(t *testing.T, path, name string, got, want *Tensors) {
	t.Helper()
	for _, e := range got.List {
		w := want.Get(e.Name)
		switch {
		case e.Values == nil && w != nil:
			t.Errorf("%s: %q: found %s without values", path, e.Name, e.DType)
		case e.Values != nil && (w == nil || !slices.Equal(e.Shape, w.Shape) || !slices.Equal(e.Values, w.Values)):
			t.Errorf("%s: found %+v, expected %+v", path, e, w)
		}
	}
	for _, w := range want.List {
		if got.Get(w.Name) == nil {
			t.Errorf("%s: found no %q", path, w.Name)
		}
	}
	metadata := map[string]map[string]string{"checkpoint": {"pytorch.dictionary": "state_dict"}, "wrapped": {"pytorch.dictionary": "model", "pytorch.prefix": "module."}}[name]
	if metadata == nil {
		metadata = map[string]string{}
	}
	if !reflect.DeepEqual(got.Metadata, metadata) {
		t.Errorf("%s: found metadata %v, expected %v", path, got.Metadata, metadata)
	}
	if name == "types" {
		var dtypes []string
		for _, e := range got.List {
			dtypes = append(dtypes, e.DType)
		}
		if want := []string{"F32", "F16", "BF16", "F64", "I64", "I32", "I16", "I8", "U8", "BOOL", "C64"}; !slices.Equal(dtypes, want) {
			t.Errorf("%s: found %v, expected %v", path, dtypes, want)
		}
	}
}

func checkRefused(t *testing.T, path string, err error) {
	t.Helper()
	cause, words := ErrForeign, []string(nil)
	switch _, rest, _ := strings.Cut(filepath.Base(path), "-"); strings.TrimSuffix(strings.TrimSuffix(rest, "-zip.pt"), "-old.pt") {
	case "whole":
		words = []string{"a whole object of class torch.nn.modules.container.Sequential", "torch.load('FILE', weights_only=False).state_dict()"}
	case "inner":
		words = []string{"a whole object of class", `torch.load('FILE', weights_only=False)["model"].state_dict()`}
	case "quantised":
		words = []string{`"a.weight"`, "quantised", "dequantize"}
	case "sparse":
		words = []string{`"a.weight"`, "sparse", "to_dense"}
	case "tensor":
		words = []string{"found a tensor", "state_dict()"}
	case "list":
		words = []string{"found a list", "state_dict()"}
	case "numbers":
		words = []string{`a dictionary of "epoch", without tensors`, "state_dict, model_state_dict"}
	case "two":
		words = []string{`"model" and "state_dict"`, "torch.save"}
	case "script":
		words = []string{"TorchScript", "torch.jit.load"}
	case "infinite":
		cause, words = ErrFormat, []string{`"a.weight"`, "finite"}
	}
	if words == nil || !errors.Is(err, cause) {
		t.Errorf("%s: found %v, expected %v", path, err, cause)
		return
	}
	if strings.Contains(err.Error(), torch.ErrNotState.Error()) {
		t.Errorf("%s: found %v, expected one cause", path, err)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%s: found %v, expected a word of %q", path, err, word)
		}
	}
}
