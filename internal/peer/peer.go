// Package peer finds and runs other programs that tests compare with: Python's, and
// onnxruntime. A test that needs one which is not installed is skipped, and says so.
package peer

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// Python returns an interpreter that has the modules, or skips the test. The
// environment's PYTHON comes first; Debian's modules are /usr/bin/python3's.
func Python(t testing.TB, modules ...string) string {
	t.Helper()
	if program := find(modules); program != "" {
		return program
	}
	t.Skipf("no python3 with %s here", strings.Join(modules, ", "))
	return ""
}

// HasPython reports whether there is an interpreter that has the modules.
func HasPython(modules ...string) bool { return find(modules) != "" }

func find(modules []string) string {
	check := "from importlib.util import find_spec as f; exit(not all(map(f, '" + strings.Join(modules, " ") + "'.split())))"
	for _, program := range []string{os.Getenv("PYTHON"), "python3", "/usr/bin/python3"} {
		if program != "" && exec.Command(program, "-c", check).Run() == nil {
			return program
		}
	}
	return ""
}

// Script returns the path of a file in testdata/peers.
func Script(name string) string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "testdata", "peers", name)
}

// RunPython runs a script of testdata/peers, on one thread.
func RunPython(t testing.TB, program, script string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, append([]string{Script(script)}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "OMP_NUM_THREADS=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// ONNXRuntime returns what onnxruntime makes of the input [N,C,H,W] of an ONNX
// file, and whether it is here: npm's onnxruntime-node, found by NODE_PATH.
func ONNXRuntime(t testing.TB, model string, x []float32, shape ...int) ([]float32, bool) {
	t.Helper()
	script, env := Script("onnx_peer.cjs"), os.Environ()
	if home, err := os.UserHomeDir(); err == nil && os.Getenv("NODE_PATH") == "" {
		env = append(env, "NODE_PATH="+filepath.Join(home, ".cache/lastlayer-peers/node_modules"))
	}
	probe := exec.Command("node", script)
	probe.Env = env
	if probe.Run() != nil {
		t.Log("no onnxruntime here (npm: onnxruntime-node)")
		return nil, false
	}
	folder := t.TempDir()
	raw := make([]byte, 0, 4*len(x))
	for _, v := range x {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	in, out := filepath.Join(folder, "x"), filepath.Join(folder, "y.json")
	if err := os.WriteFile(in, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{script, model, in}
	for _, side := range shape {
		args = append(args, strconv.Itoa(side))
	}
	cmd := exec.Command("node", append(args, out)...)
	cmd.Env = env
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("onnxruntime: %v: %s", err, text)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Values []float32 }
	if err := json.Unmarshal(text, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Values, true
}

// Data returns the path of a file or folder of test data made by others, or
// skips the test. They lie in LASTLAYER_TEST_DATA, by default in shared/data
// beside the repository.
func Data(t testing.TB, name string) string {
	t.Helper()
	folder := os.Getenv("LASTLAYER_TEST_DATA")
	if folder == "" {
		_, file, _, _ := runtime.Caller(0)
		folder = filepath.Join(filepath.Dir(file), "../../../shared/data")
	}
	path := filepath.Join(folder, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no test data of others here: %v", err)
	}
	return path
}
