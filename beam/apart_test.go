package beam

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/errors"
)

// TestFilesApart refuses jobs that would write over the network, a shard or an image.
func TestFilesApart(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"net.onnx", "im/0/a.jpg"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	good := Job{Images: []string{"im/*/*"}, Network: Network{File: "net.onnx"}, Out: "o.features", Bad: "bad.jsonl", Shards: 2}
	if err := good.check([]string{".features"}); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Job){
		"bad images over the network": func(j *Job) { j.Bad = "./net.onnx" },
		"bad images over a shard":     func(j *Job) { j.Bad = "o-00001-of-00002.features" },
		"bad images over an image":    func(j *Job) { j.Bad = "im/0/a.jpg" },
		"the result over an image":    func(j *Job) { j.Out, j.Shards = "im/0/a.features", 1 },
		"a folder for a network":      func(j *Job) { j.Network.File = "im" },
	} {
		j := good
		change(&j)
		if err := j.check([]string{".features"}); !errors.Is(err, ErrJob) {
			t.Errorf("%s: found the error %v, expected an ErrJob", name, err)
		}
	}
	if class, err := classOf(image{Path: `d/dog/cat\photo.jpg`, Name: `dog/cat\photo.jpg`}); filepath.Separator == '/' && (err != nil || class != "dog") {
		t.Errorf("found class %q, error %v, expected dog", class, err)
	}
}
