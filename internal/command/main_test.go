package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/lastlayer/lastlayer/internal/exit"
)

const (
	exitDone   = exit.Done
	exitFailed = exit.Failed
	exitUsage  = exit.Usage
)

// asProgram is set in the environment of a test binary that is to be the
// program mnist, or for "lastlayer" that one: the nearest to an installed one that
// needs no second build.
const asProgram = "LASTLAYER_TEST_AS_MNIST"

// repository is the absolute path of the module's root.
var repository string

func TestMain(m *testing.M) {
	switch os.Getenv(asProgram) {
	case "":
	case "lastlayer":
		os.Exit(Run(LastLayer, os.Args[1:], os.Stdout, os.Stderr))
	default:
		os.Exit(Run(MNIST, os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if repository, err = filepath.Abs("../.."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	shared, err := os.MkdirTemp("", "mnist-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(shared)
	pretrained = sync.OnceValue(func() string { return makePretrained(shared) })
	return m.Run()
}

// pretrained returns the file of a network that tells 0 from 1. It is made
// once and belongs to all tests: none may write to it.
var pretrained func() string

func makePretrained(folder string) string {
	path := filepath.Join(folder, "pretrained.safetensors")
	var out, err bytes.Buffer
	if status := Run(MNIST, []string{"train", "--data", "sample", "--classes", "0-1", "--epochs", "2", "--batch", "16", "--out", path}, &out, &err); status != exitDone {
		panic("the pretrained network cannot be made: " + err.String())
	}
	return path
}

// ran is what a command line did.
type ran struct {
	args     string
	status   int
	out, err string
}

// mnist runs a command line in process.
func mnist(t *testing.T, args ...string) ran {
	t.Helper()
	var out, err bytes.Buffer
	status := Run(MNIST, args, &out, &err)
	r := ran{"mnist " + strings.Join(args, " "), status, out.String(), err.String()}
	if strings.Contains(r.err, "goroutine ") || strings.Contains(r.err, "bug:") {
		t.Fatalf("%s: panicked:\n%s", r.args, r.err)
	}
	return r
}

// ok runs a command line that must succeed.
func ok(t *testing.T, args ...string) ran {
	t.Helper()
	r := mnist(t, args...)
	if r.status != exitDone {
		t.Fatalf("%s: exit status %d, expected 0: %s", r.args, r.status, r.err)
	}
	return r
}

// refused checks that the command ended with that status and one line, which
// holds the words.
func (r ran) refused(t *testing.T, status int, words ...string) {
	t.Helper()
	if r.status != status {
		t.Errorf("%s: exit status %d, expected %d: %s", r.args, r.status, status, r.err)
	}
	if !strings.HasPrefix(r.err, "mnist: ") || strings.Count(r.err, "\n") != 1 || !strings.HasSuffix(r.err, "\n") {
		t.Errorf("%s: found on standard error %q, expected one line that begins with mnist:", r.args, r.err)
	}
	for _, word := range words {
		if !strings.Contains(r.err, word) {
			t.Errorf("%s: found %q, expected it to say %q", r.args, r.err, word)
		}
	}
}

// objects returns the JSON objects on standard output, of which there must be
// one a line and nothing else.
func (r ran) objects(t *testing.T) []map[string]any {
	t.Helper()
	var list []map[string]any
	for line := range strings.Lines(r.out) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%s: found the line %q on standard output, expected a JSON object: %v", r.args, line, err)
		}
		list = append(list, object)
	}
	if len(list) == 0 {
		t.Fatalf("%s: found no line on standard output", r.args)
	}
	return list
}

// last returns the last object on standard output.
func (r ran) last(t *testing.T) map[string]any {
	t.Helper()
	list := r.objects(t)
	return list[len(list)-1]
}

// slow leaves a test out of -short, which is what the race detector runs: it
// needs each way through the program once, not each kind of damage, and makes
// all of them some ten times as slow.
func slow(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short")
	}
}

// files returns the names of all that a folder holds, hidden files too.
func files(t *testing.T, folder string) string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}
