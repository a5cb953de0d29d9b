package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/pkg/errors"
)

// asCommand makes the test program act as the command.
const asCommand = "LASTLAYER_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		every = 100 * time.Millisecond
		main()
	}
	os.Exit(m.Run())
}

// program returns the command, to run in a folder.
func program(t *testing.T, folder string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	temp := t.TempDir()
	cmd.Dir, cmd.Env = folder, append(os.Environ(), asCommand+"=1", "TMPDIR="+temp)
	t.Cleanup(func() {
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("%v: found the temporary files %v (%v)", args, left, err)
		}
	})
	return cmd
}

// ran runs a command and returns its output and exit status.
func ran(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, status int) {
	t.Helper()
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	var exit *exec.ExitError
	if e := cmd.Run(); errors.As(e, &exit) {
		status = exit.ExitCode()
	} else if e != nil {
		t.Fatal(e)
	}
	return out.String(), err.String(), status
}

// The exit status is 2 for a wrong command line and 1 for a failure, with a one-line
// reason.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	network := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx")
	for _, test := range []struct {
		args   string
		status int
		says   string
	}{
		{"features", 2, "--images: not given"},
		{"nonsense", 2, `unknown argument "nonsense"`},
		{"features --nonsense", 2, "--nonsense"},
		{"features x", 2, `unknown argument "x"`},
		{"features --model NET --images x/*", 2, "--out: not given"},
		{"features --model NET --images x/* --out a.npz", 2, "expected a name that ends in .features"},
		{"predict --model NET --images x/* --out a.features", 2, "expected a name that ends in .jsonl or .csv"},
		{"features --model NET --images [ --out a.features", 2, "syntax error in pattern"},
		{"features --model NET --images hdfs://x --out a.features", 2, `file system scheme "hdfs"`},
		{"features --model NET --images x/* --out a.features --shards -1", 2, "expected from 1/OF"},
		{"features --model NET --images x/* --out a.features", 2, "does not say how its photos are prepared"},
		{"features --model none.onnx --images x/* --out a.features", 1, "none.onnx"},
		{"features --model NET --prepare tf --images x/* --out none/a.features", 1, "none/a.features"},
		{"features --model NET --prepare tf --images x/* --out a.features", 1, "lastlayer-beam: x/*: found no files\n"},
		{"features --model NET --prepare tf --images x/* --out a.features --blas nonsense", 2, "nonsense"},
		{"features --model NET --prepare nonsense --images x/* --out a.features", 2, "nonsense"},
		{"features --model NET --prepare tf --arch resnet18 --images x/* --out a.features", 2, "network given"},
		{"features --model NET --prepare tf --images x/* --out a.features --runner nonsense", 2, `--runner: found "nonsense"`},
		{"features --model NET --prepare tf --images x/* --out a.features --runner flink", 2, "--endpoint: not given"},
		{"features --model NET --prepare tf --images x/* --out a.features --runner dataflow", 2, "Use --project"},
		{"features --model NET --prepare tf --images x/* --out a.features --async", 2, "--async"},
		{"features --model NET --prepare tf --images x/* --out a.features --environment_type nonsense", 2, "--environment_type"},
		{"features --model NET --prepare tf --images x/* --out a.features --parallelism many", 2, "--parallelism"},
		{"features --model NET --prepare tf --images x/* --out a.features --bad a.features", 2, "a.features twice"},
		{"features --model NET --prepare tf --images x/* --out a.features --shards 0", 2, "--shards: found 0"},
		{"help nonsense", 2, `unknown argument "nonsense"`},
	} {
		args := strings.Fields(strings.ReplaceAll(test.args, "NET", network))
		out, err, status := ran(t, program(t, dir, args...))
		if status != test.status || !strings.Contains(err, test.says) || strings.Count(err, "\n") != 1 || out != "" {
			t.Errorf("%s: found the status %d and %q, expected %d and %q", test.args, status, err, test.status, test.says)
		}
	}
	noTemp := program(t, dir, "features", "--model", network, "--prepare", "tf", "--images", "x/*", "--out", "a.features")
	noTemp.Env = append(noTemp.Env, "TMPDIR="+filepath.Join(dir, "none"))
	if _, err, status := ran(t, noTemp); status != 1 || strings.Count(err, "\n") != 1 || !strings.Contains(err, "temporary files: ") {
		t.Errorf("without a folder for temporary files: found the status %d and %q", status, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("found the files %v of commands that failed (%v)", left, err)
	}
	if out, _, status := ran(t, program(t, dir, "features", "--help")); status != 0 || !strings.Contains(out, "--runner") || !strings.Contains(out, "Examples:") {
		t.Errorf("--help: found the status %d and %q", status, out)
	}
}

// signs returns a folder of photos in two classes, one of them damaged, and the number
// of good ones.
func signs(t *testing.T) (folder string, good int) {
	from := peer.Data(t, "photos/signs")
	folder = filepath.Join(t.TempDir(), "signs")
	for _, class := range []string{"train/0", "train/1", "test/0", "test/1"} {
		if err := os.CopyFS(filepath.Join(folder, class), os.DirFS(filepath.Join(from, class))); err != nil {
			t.Fatal(err)
		}
	}
	if err := filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			good++
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "train", "0", "bad.jpg"), []byte("no photo"), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder, good
}

// Retraining on the feature files gives the same network as on lastlayer's own, byte
// for byte.
func TestRetrainedAlike(t *testing.T) {
	folder, good := signs(t)
	network := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx")
	dir := t.TempDir()
	out, warned, status := ran(t, program(t, dir, "features", "--model", network, "--prepare", "tf", "--images", folder+"/*/*/*", "--shards", "4", "--out", "part.features", "--json", "--quiet"))
	var r result
	if err := json.Unmarshal([]byte(out), &r); err != nil || status != 0 || !r.Done || r.Images != int64(good) || r.Bad != 1 || r.Shards != 4 {
		t.Fatalf("found the status %d and %s%s, expected %d images and 1 bad one", status, out, warned, good)
	}
	if want := "warning: 1 of"; strings.Count(warned, "\n") != 1 || !strings.Contains(warned, want) {
		t.Errorf("found %q on standard error, expected a line with %q", warned, want)
	}
	lastlayer := filepath.Join(dir, "lastlayer")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", lastlayer, "./cmd/lastlayer")
	build.Dir = filepath.Join("..", "..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	command := func(args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), lastlayer, args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("lastlayer %v: %v: %s", args, err, out)
		}
	}
	command("features", "--model", network, "--prepare", "tf", "--data", folder, "--skip-bad", "--out", "one.features", "--quiet")
	for solver, more := range map[string]string{"lbfgs": "--weight-decay=1e-3", "momentum": "--epochs=3"} {
		var nets [2][]byte
		for i, features := range []string{"one.features", "part-*.features"} {
			net := filepath.Join(dir, solver+string(rune('0'+i))+".safetensors")
			command("retrain", "--from", network, "--prepare", "tf", "--features", features, "--solver", solver, more, "--out", net, "--quiet")
			var err error
			if nets[i], err = os.ReadFile(net); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(nets[0], nets[1]) {
			t.Errorf("%s: found another network of Beam's feature files than of lastlayer's", solver)
		}
	}
}

// Ctrl-C ends the program with status 130 and leaves no file.
func TestInterrupted(t *testing.T) {
	photo := filepath.Join(peer.Data(t, "photos/signs"), "train", "0")
	photos, err := os.ReadDir(photo)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, class := range []string{"0", "1"} {
		if err := os.Mkdir(filepath.Join(dir, class), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20_000 { // more than a minute of work
		if err := os.Symlink(filepath.Join(photo, photos[0].Name()), filepath.Join(dir, fmt.Sprint(i%2), fmt.Sprint(i, ".jpg"))); err != nil {
			t.Fatal(err)
		}
	}
	cmd := program(t, dir, "features", "--model", peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx"), "--prepare", "tf", "--images", "*/*.jpg", "--out", "a.features")
	told, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(told)
	if !lines.Scan() || !strings.Contains(lines.Text(), "a second; 0 bad") {
		t.Errorf("found %q, expected progress", lines.Text())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	var last string
	for lines.Scan() {
		last = lines.Text()
	}
	_ = cmd.Wait() // checked through the exit status
	if status := cmd.ProcessState.ExitCode(); status != 130 || !strings.Contains(last, "stopped by a signal") {
		t.Errorf("found the status %d and %q, expected 130", status, last)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "a.*")); err != nil || len(left) > 0 {
		t.Errorf("found %v of a run that was interrupted (%v)", left, err)
	}
}

// The core module does not depend on Beam: neither its go.mod nor its go.sum mentions
// it.
func TestCoreKnowsNoBeam(t *testing.T) {
	for _, file := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "..", file))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("apache/beam")) {
			t.Errorf("found Apache Beam in the core's %s", file)
		}
	}
}
