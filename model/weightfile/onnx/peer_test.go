package onnx

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// onnxruntime returns what onnxruntime makes of the input, and whether it is
// there: npm's onnxruntime-node, found by NODE_PATH.
func onnxruntime(t *testing.T, model string, x []float32, shape ...int) ([]float32, bool) {
	t.Helper()
	const peer = "../../../testdata/peers/onnx_peer.cjs"
	env := os.Environ()
	if home, err := os.UserHomeDir(); err == nil && os.Getenv("NODE_PATH") == "" {
		env = append(env, "NODE_PATH="+filepath.Join(home, ".cache/lastlayer-peers/node_modules"))
	}
	probe := exec.Command("node", peer)
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
	args := []string{peer, model, in}
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
