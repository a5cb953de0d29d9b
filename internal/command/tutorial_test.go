package command

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// tutorialStep is a block of commands of the tutorial, and what it shows to
// follow.
type tutorialStep struct{ commands, output string }

// tutorialSteps returns the blocks marked sh, with the one marked text that
// comes right after, if one does.
func tutorialSteps(page string) []tutorialStep {
	blocks := regexp.MustCompile("(?ms)^```sh\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?").FindAllStringSubmatch(page, -1)
	var steps []tutorialStep
	for _, b := range blocks {
		steps = append(steps, tutorialStep{b[1], b[2]})
	}
	return steps
}

// TestTutorial runs the commands of docs/tutorial.md.
func TestTutorial(t *testing.T) {
	slow(t)
	runPage(t, "tutorial.md", 8, t.TempDir())
}

// TestPhotosPage runs the commands of docs/photos.md, with a network and photos that
// others made.
func TestPhotosPage(t *testing.T) {
	slow(t)
	runPage(t, "photos.md", 8, photosHere(t))
}

// TestScalePage runs the commands of docs/scale.md. Slurm and Kubernetes are stand-ins
// that run the tasks of the manifests one after the other, as those do on many machines.
func TestScalePage(t *testing.T) {
	slow(t)
	runPage(t, "scale.md", 5, photosHere(t))
}

// photosHere returns a folder with a network and photos that others made.
func photosHere(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, path := range map[string]string{
		"mobilenet.onnx": "pretrained/mobilenet_v1_025_224.onnx", "labels.txt": "pretrained/imagenet-1001-labels.txt",
		"photos": "photos/signs", "burger.jpg": "photos/single/burger.jpg",
	} {
		if err := os.Symlink(peer.Data(t, path), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// runPage runs the commands of a page of docs, one block after another in one
// folder, and compares what they show with what the page does. Only go is not the
// real one: what the page installs or runs from the network is here.
func runPage(t *testing.T, name string, least int, folder string) {
	t.Helper()
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh here")
	}
	realGo, err := exec.LookPath("go")
	if err != nil {
		t.Skip("there is no go here")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	script := func(name, text string) {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for _, program := range []string{"mnist", "lastlayer"} {
		script(program, fmt.Sprintf("%s=%s exec '%s' \"$@\"\n", asProgram, program, self))
	}
	script("go", fmt.Sprintf(`case "$1 $2" in
"install github.com/lastlayer/lastlayer/cmd/mnist@latest" | "install github.com/lastlayer/lastlayer/cmd/lastlayer@latest") ;;
"run github.com/lastlayer/lastlayer/examples/shapes@latest") exec '%s' -C '%s' run ./examples/shapes "$PWD/$3" ;;
*) echo "go $*: not for this test" >&2; exit 1 ;;
esac
`, realGo, repository))
	for name, text := range clusters {
		script(name, text)
	}
	page := string(readFile(t, filepath.Join(repository, "docs", name)))
	steps := tutorialSteps(page)
	if want := strings.Count(page, "```sh"); len(steps) != want || want < least {
		t.Fatalf("%s: found %d steps of %d", name, len(steps), want)
	}
	for _, step := range steps {
		cmd := exec.Command(shell, "-e", "-c", step.commands)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s%v: %s", step.commands, err, out)
		}
		if missing := notShown(step.output, string(out)); missing != "" {
			t.Errorf("%sshows no line like\n%s\nin\n%s", step.commands, missing, out)
		}
	}
}

// clusters are stand-ins for the commands of clusters, which run all tasks here.
var clusters = map[string]string{
	"sbatch": `file=$2
of=$(sed -n 's/^#SBATCH.*--array=1-\([0-9]*\).*/\1/p' "$file")
for i in $(seq "$of"); do
	SLURM_ARRAY_TASK_ID=$i SLURM_ARRAY_TASK_COUNT=$of sh -e "$file" || exit 1
done
`,
	"kubectl": `test "$1" = wait && exit 0
file=$3
of=$(sed -n 's/^  completions: //p' "$file")
sed -n '/^            - |$/,/^          [a-z]/s/^              //p' "$file" > "$file.sh"
for i in $(seq 0 $((of - 1))); do
	JOB_COMPLETION_INDEX=$i sh -ec "$(cat "$file.sh")" || exit 1
done
`,
}

// notShown returns the first line of the page that is not in the output where
// it should be, or "". A line … stands for any lines.
func notShown(page, output string) string {
	var lines []string
	for line := range strings.Lines(output) {
		if !regexp.MustCompile(`^[a-z ]+: \d+ of \d+$`).MatchString(strings.TrimSpace(line)) { // progress, where it is slow
			lines = append(lines, line)
		}
	}
	skip := false
	for want := range strings.Lines(page) {
		if strings.TrimSpace(want) == "…" {
			skip = true
			continue
		}
		at := 0
		for skip && at < len(lines) && !alike(want, lines[at]) {
			at++
		}
		if at >= len(lines) || !alike(want, lines[at]) {
			return want
		}
		lines, skip = lines[at+1:], false
	}
	if page != "" && !skip && len(lines) > 0 {
		return "(the end)"
	}
	return ""
}

var numberWord = regexp.MustCompile(`^\(?(\d+(?:\.\d+)?)(%?\)?[,;]?)$`)

// alike says whether two lines have the same words. Numbers may differ by a
// tenth, or by 0.05 where they are fractions; times and rates by anything. So
// may the kernel's name.
func alike(want, got string) bool {
	a, b := strings.Fields(want), strings.Fields(got)
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] == b[i] || strings.HasPrefix(a[i], "go-") {
			continue
		}
		x, y := numberWord.FindStringSubmatch(a[i]), numberWord.FindStringSubmatch(b[i])
		if x == nil || y == nil || x[2] != y[2] {
			return false
		}
		if i+1 < len(a) && (a[i+1] == "s" || a[i+1] == "images/s") {
			continue
		}
		v, _ := strconv.ParseFloat(x[1], 64)
		w, _ := strconv.ParseFloat(y[1], 64)
		if math.Abs(v-w) > max(0.05, 0.1*math.Abs(v)) {
			return false
		}
	}
	return true
}

func TestAlike(t *testing.T) {
	for _, test := range []struct {
		want, got string
		like      bool
	}{
		{"loss 0.0569   accuracy 0.9800  1.8 s  558 images/s", "loss 0.0601 accuracy 0.9770 11.2 s 30 images/s", true},
		{"accuracy 0.9800", "accuracy 0.8", false},
		{"test accuracy 1.0 (20 of 20), loss 0.01;", "test accuracy 0.95 (19 of 20), loss 0.03;", true},
		{"test accuracy 1.0 (20 of 20), loss 0.01;", "test accuracy 0.95 (12 of 20), loss 0.03;", false},
		{"products by go-avx512", "products by gonum", true},
		{"frozen (constant)", "trained (variable)", false},
		{"star (100.0%)", "star (95.0%)", true},
		{"star (100.0%)", "circle (100.0%)", false},
		{"conv1 832 frozen", "conv1 832", false},
	} {
		if alike(test.want, test.got) != test.like {
			t.Errorf("%q and %q: expected %v", test.want, test.got, test.like)
		}
	}
	for _, test := range []struct{ page, output, missing string }{
		{"a\n…\nc\n", "a\nb\nb\nc\n", ""}, {"a\n…\n", "a\nb\n", ""}, {"a\n", "a\nb\n", "(the end)"},
		{"a\nc\n", "a\nb\nc\n", "c\n"}, {"…\nd\n", "a\nb\n", "d\n"}, {"a\n", "train: 64 of 320\na\n", ""}, {"", "a\n", ""},
	} {
		if got := notShown(test.page, test.output); got != test.missing {
			t.Errorf("%q in %q: found %q missing, expected %q", test.page, test.output, got, test.missing)
		}
	}
}
