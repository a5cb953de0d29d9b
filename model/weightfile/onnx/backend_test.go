package onnx

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"gorgonia.org/gorgonia"
)

// Debian's libonnx-testdata.
const backendData = "/usr/share/libonnx-testdata/data"

// The ONNX project's own tests of single operators: those that the reader takes
// give the expected output, all inputs but the first made constants. The others
// are listed with the reader's reason.
func TestBackend(t *testing.T) {
	if _, err := os.Stat(backendData); err != nil {
		t.Skip("no test data of the ONNX project here (Debian: libonnx-testdata)")
	}
	passed, reasons := 0, map[string][]string{}
	for _, group := range []string{"node", "pytorch-converted", "pytorch-operator"} {
		folders, err := filepath.Glob(filepath.Join(backendData, group, "test_*"))
		if err != nil || len(folders) == 0 {
			t.Fatalf("%s: found no tests (%v)", group, err)
		}
		for _, folder := range folders {
			name := filepath.Base(folder)
			reason, err := backendTest(t, folder)
			switch {
			case err != nil:
				t.Errorf("%s: %v", name, err)
			case reason == "":
				passed++
			default:
				reasons[reason] = append(reasons[reason], name)
			}
		}
	}
	t.Logf("%d tests passed", passed)
	left := 0
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		left += len(reasons[reason])
		t.Logf("left out, %s: %s", reason, strings.Join(reasons[reason], " "))
	}
	t.Logf("%d left out", left)
	if passed < leastPassed {
		t.Errorf("found %d tests that passed, expected %d", passed, leastPassed)
	}
}

// leastPassed is how many tests of the data of ONNX 1.12 pass.
const leastPassed = 200

// backendTest runs one test. It returns why it is left out, or an error where the
// reader takes it and the output is another.
func backendTest(t *testing.T, folder string) (reason string, err error) {
	data, err := os.ReadFile(filepath.Join(folder, "model.onnx"))
	if err != nil {
		return "", err
	}
	f, err := decodeModel(data)
	if err != nil {
		return unread(err), nil
	}
	var kinds []string
	for _, n := range f.nodes {
		if layers[n.kind] == nil && folds[n.kind] == nil && n.kind != "Erf" {
			kinds = append(kinds, n.kind)
		}
	}
	if len(kinds) > 0 {
		return "an operator that is not read", nil
	}
	if strings.HasPrefix(filepath.Base(folder), "test_training_dropout") && !strings.Contains(folder, "zero_ratio") {
		return "draws random numbers", nil
	}
	sets, err := filepath.Glob(filepath.Join(folder, "test_data_set_*"))
	if err != nil || len(sets) == 0 {
		return "no data", err
	}
	for _, set := range sets {
		if reason, err := backendSet(t, f, set); reason != "" || err != nil {
			return reason, err
		}
	}
	return "", nil
}

// unread shortens the reader's error to a reason that tests have in common.
func unread(err error) string {
	text := err.Error()
	text = regexp.MustCompile(`^node "[^"]*" \(\w+\): `).ReplaceAllString(text, "")
	text = regexp.MustCompile(`; supported are .*`).ReplaceAllString(text, "")
	return strings.TrimSuffix(text, ": "+ErrUnsupported.Error())
}

func backendSet(t *testing.T, f *file, set string) (reason string, err error) {
	g := *f
	g.nodes = nil
	for _, n := range f.nodes {
		c := *n
		g.nodes = append(g.nodes, &c)
	}
	g.initializers = map[string]*initial{}
	for name, v := range f.initializers {
		g.initializers[name] = v
	}
	var x *constant
	i := 0
	for _, in := range f.inputs {
		if f.initializers[in.name] != nil {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(set, fmt.Sprintf("input_%d.pb", i)))
		if err != nil {
			return "", err
		}
		tensor, err := decodeInitial(raw)
		if err != nil {
			return unread(err), nil
		}
		if i++; i > 1 {
			tensor.name = in.name
			g.initializers[in.name] = tensor
			continue
		}
		if !in.tensor || in.dtype != float32Type {
			return "the first input is not float32", nil
		}
		b := newBudget()
		if x, err = tensor.constant(&b, ""); err != nil {
			return unread(err), nil
		}
	}
	if x == nil {
		return "no input", nil
	}
	for k := range f.outputs[:1] { // of the others, the reader takes none
		r := newReader(&g, "", "")
		r.anything = true
		network, err := r.read()
		if err != nil {
			return unread(err), nil
		}
		if f.outputs[k].dtype != float32Type {
			return "the output is not float32", nil
		}
		want := tensorFile(t, filepath.Join(set, fmt.Sprintf("output_%d.pb", k)))
		n := 1
		if len(x.shape) > 0 {
			n = x.shape[0]
		}
		got, err := runAny(network.Network, asStored(r.values[f.inputs[0].name], x.floats, n), n)
		if err != nil {
			return "", err
		}
		got = asSeen(r.seen, got, n)
		if slices.ContainsFunc(network.Notes, func(s string) bool { return strings.Contains(s, "Softmax") }) {
			got = softmax(got, n)
			if slices.ContainsFunc(f.nodes, func(n *operator) bool { return n.kind == "LogSoftmax" }) {
				for i, v := range got {
					got[i] = float32(math.Log(float64(v)))
				}
			}
		}
		if d := difference(t, got, want.floats); !(d <= 1e-4) {
			return "", fmt.Errorf("found a difference of %g, expected at most 1e-4", d)
		}
	}
	return "", nil
}

func runAny(network *model.Network, x []float32, n int) ([]float32, error) {
	net, err := model.Build(network, model.None(), model.Batch(n))
	if err != nil {
		return nil, err
	}
	if len(net.Images()) != len(x) {
		return nil, fmt.Errorf("found an input of %d numbers, expected %d", len(net.Images()), len(x))
	}
	copy(net.Images(), x)
	vm := gorgonia.NewTapeMachine(net.Scope().Graph())
	defer vm.Close()
	err = vm.RunAll()
	return append([]float32(nil), net.Result(n)...), err
}

// asStored returns numbers in the order of a value's layer that are given as the
// value is seen; asSeen is the opposite.
func asStored(v *value, x []float32, n int) []float32 {
	return moved(v, x, n, func(to, from []float32, stored, seen int) { to[stored] = from[seen] })
}

func asSeen(v *value, x []float32, n int) []float32 {
	return moved(v, x, n, func(to, from []float32, stored, seen int) { to[seen] = from[stored] })
}

func moved(v *value, x []float32, n int, move func(to, from []float32, stored, seen int)) []float32 {
	out := make([]float32, len(x))
	size := len(x) / max(n, 1)
	for row := range n {
		for seen, stored := range indices(v.seen(), transposed(v.dims, v.perm)) {
			move(out[row*size:(row+1)*size], x[row*size:(row+1)*size], stored, seen)
		}
	}
	return out
}
