package command

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
)

// TestResume makes sure that a training whose checkpoint is taken up again
// writes the very file of one without a break, in the middle of an epoch, at
// its end, with and without the cut, and by each solver.
func TestResume(t *testing.T) {
	retrain := []string{"retrain", "--data", "sample", "--classes", "5-7", "--limit", "90", "--epochs", "3", "--batch", "16"} // 6 steps an epoch
	from := []string{"--from", pretrained()}
	for name, flags := range map[string][]string{
		"mid-epoch":    {"--every", "4steps"},
		"end of epoch": {"--every", "2epochs", "--validation", "0.2", "--patience", "3"},
		"no cut":       {"--every", "7steps", "--no-cache", "--solver", "adam", "--lr", "0.001"},
		"two layers":   {"--every", "5steps", "--last", "2", "--solver", "sgd"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			file := func(name string) string { return filepath.Join(folder, name) }
			args := append(append([]string{}, retrain...), flags...)
			ok(t, append(append(args, from...), "--out", file("whole"), "--checkpoint", file("saved"))...)
			ok(t, append(args, "--resume", file("saved"), "--out", file("resumed"))...)
			if !bytes.Equal(readFile(t, file("whole")), readFile(t, file("resumed"))) {
				t.Error("the resumed training wrote another file than the one without a break")
			}
		})
	}
}

func TestResumeRefusesAnotherTraining(t *testing.T) {
	folder := t.TempDir()
	saved, out := filepath.Join(folder, "saved"), filepath.Join(folder, "out")
	args := []string{"retrain", "--data", "sample", "--classes", "5-7", "--limit", "60", "--epochs", "1", "--batch", "16", "--out", out}
	ok(t, append(args, "--from", pretrained(), "--checkpoint", saved)...)
	for _, test := range []struct {
		reason string
		flags  []string
		words  []string
	}{
		{"another batch size", []string{"--batch", "8"}, []string{"batch was 16, is 8"}},
		{"other data", []string{"--limit", "30"}, []string{"the training data was"}},
		{"other epochs under a schedule that knows them", []string{"--epochs", "2"}, []string{"epochs was 1, is 2"}},
		{"another selection", []string{"--last", "2"}, []string{"train was the last layer, is the last 2 layers"}},
		{"images that are changed", []string{"--augment", "shift", "--no-cache"}, []string{"augment was none, is shift"}},
		{"images kept aside", []string{"--validation", "0.2"}, []string{"validation was 0, is 0.2", "the validation data was none, is "}},
		{"another rate of a layer", []string{"--layer-lr", "fc2=0.1"}, []string{"layer-lr was none, is fc2=0.1"}},
		{"another solver and rate", []string{"--solver", "adam", "--lr", "0.5"}, []string{"solver was momentum, is adam", "lr was 0.02, is 0.5"}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			r := mnist(t, append(append(append([]string{}, args...), "--resume", saved), test.flags...)...)
			r.refused(t, exitUsage, test.words...)
			if strings.Contains(r.err, "omitempty") || strings.Contains(r.err, "held ") {
				t.Errorf("found %q, expected the names of flags", r.err)
			}
		})
	}
	mnist(t, append(args, "--resume", pretrained())...).refused(t, exitFailed, "without the state of a training")
	mnist(t, append(args, "--resume", saved, "--from", pretrained())...).refused(t, exitUsage, "--from", "--resume")
	mnist(t, append(args, "--from", pretrained(), "--checkpoint", saved, "--every", "5parsecs")...).refused(t, exitUsage, "parsec")
	mnist(t, append(args, "--from", pretrained(), "--checkpoint", filepath.Join(folder, "none", "x"))...).refused(t, exitFailed, "none")
}

// TestResumeByAnotherKernel takes a training up by another matrix kernel, which
// must be asked for, and one whose checkpoint does not name its own.
func TestResumeByAnotherKernel(t *testing.T) {
	first, other := "gonum", model.Kernels()[0]
	if first == other {
		t.Skip("this machine has one kernel")
	}
	from := pretrained()
	t.Chdir(t.TempDir())
	args := []string{"retrain", "--data", "sample", "--classes", "5-7", "--limit", "60", "--epochs", "1", "--batch", "16", "--out", "out"}
	ok(t, append(args, "--from", from, "--checkpoint", "saved", "--blas", first)...)
	args = append(args, "--resume", "saved")
	whole := readFile(t, "out")
	for _, blas := range [][]string{nil, {"--blas", "auto"}} {
		mnist(t, append(args, blas...)...).refused(t, exitUsage, "saved", first, other, "--blas")
	}
	r := ok(t, append(args, "--blas", other)...)
	if !strings.Contains(r.err, "the matrix kernel "+first+" and continues with "+other) {
		t.Errorf("found on standard error %q, expected a word on the kernels", r.err)
	}
	if r = ok(t, append(args, "--blas", first)...); strings.Contains(r.err, "kernel") || !bytes.Equal(readFile(t, "out"), whole) {
		t.Errorf("by the same kernel, found another network, or on standard error %q", r.err)
	}

	old := []string{"retrain", "--last", "1", "--keep-head", "--data", "sample", "--limit", "20", "--batch", "4", "--epochs", "3", "--solver", "adam", "--lr", "0.01",
		"--resume", filepath.Join(repository, "testdata", "old", "checkpoint.safetensors"), "--out", "out"}
	if r = ok(t, old...); !strings.Contains(r.err, "does not name its matrix kernel") {
		t.Errorf("found on standard error %q, expected a word on the kernel", r.err)
	}
}

// vanishing removes a folder as soon as a line was written, so that no file in
// it can be written any more.
type vanishing struct {
	bytes.Buffer
	folder string
}

func (v *vanishing) Write(p []byte) (int, error) {
	_ = os.RemoveAll(v.folder)
	return v.Buffer.Write(p)
}

// TestCheckpointThatCannotBeWritten takes away the folder of the checkpoint after
// the first epoch: the training goes on, its network is written, and the command
// has failed.
func TestCheckpointThatCannotBeWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, command := range [][]string{{"train"}, {"retrain", "--from", pretrained(), "--no-cache"}, {"retrain", "--from", pretrained()}} {
		writeFile(t, "gone/other", nil)
		out := &vanishing{folder: "gone"}
		var stderr bytes.Buffer
		args := slices.Concat(command, small, []string{"--epochs", "3", "--json", "--quiet", "--out", "out", "--checkpoint", "gone/saved"})
		r := ran{strings.Join(args, " "), Run(MNIST, args, out, &stderr), out.String(), stderr.String()}
		if last := r.last(t); r.status != exitFailed || last["done"] != true || last["epoch"] != nil || len(r.objects(t)) != 4 {
			t.Errorf("%s: exit status %d and %s", r.args, r.status, r.out)
		}
		said := strings.Split(strings.TrimSpace(r.err), "\n")
		if len(said) != 2 || !strings.HasPrefix(said[0], "mnist: warning: --checkpoint: gone/saved: ") || !strings.HasPrefix(said[1], "mnist: --checkpoint: gone/saved: ") {
			t.Errorf("%s: found on standard error %q, expected a warning and an error", r.args, said)
		}
		ok(t, "eval", "--model", "out", "--data", "sample", "--quiet")
	}
}
