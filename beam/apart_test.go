package beam

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// TestFilesApart refuses jobs that would write over the network, a shard or an image.
func TestFilesApart(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"net.onnx", "im/0/a.jpg", "im-00002-of-00002.features/x"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	good := Job{Images: []string{"im/*/*"}, Network: Network{File: "net.onnx"}, Out: "o.features", Bad: "bad.jsonl", Shards: 2}
	if err := good.check(t.Context(), []string{featureFile}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Job){
		"bad images over the network": func(j *Job) { j.Bad = "./net.onnx" },
		"bad images over a shard":     func(j *Job) { j.Bad = "o-00001-of-00002.features" },
		"bad images over an image":    func(j *Job) { j.Bad = "im/0/a.jpg" },
		"the result over an image":    func(j *Job) { j.Out, j.Shards = "im/0/a.features", 1 },
		"a folder for a network":      func(j *Job) { j.Network.File = "im" },
		"images of two buckets":       func(j *Job) { j.Images = []string{"memfs://a/*/*", "memfs://b/*/*"} },
		"images here and elsewhere":   func(j *Job) { j.Images = []string{"im/*/*", "memfs://b/*/*"} },
	} {
		j := good
		change(&j)
		if err := j.check(t.Context(), []string{featureFile}); !errors.Is(err, ErrJob) {
			t.Errorf("%s: found the error %v, expected an ErrJob", name, err)
		}
	}
	for name, change := range map[string]func(*Job){
		"a shard that is a folder": func(j *Job) { j.Out = "im.features" },
		"a name that is too long":  func(j *Job) { j.Out = strings.Repeat("n", 240) + featureFile },
		"no temporary folder":      func(*Job) { t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none")) },
	} {
		j := good
		change(&j)
		if err := j.check(t.Context(), []string{featureFile}); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: found the error %v, expected one of one line", name, err)
		}
	}
}
