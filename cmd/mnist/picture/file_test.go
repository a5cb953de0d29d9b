package picture

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg/draw"
)

// TestWrite writes a picture and a graph into files of each kind, and refuses
// others without touching them.
func TestWrite(t *testing.T) {
	t.Chdir(t.TempDir())
	p := Picture{20, 10, func(draw.Canvas) {}}
	g := Graph{dot: "digraph nodes {}"}
	for _, test := range []struct {
		file  string
		write func(string) error
		begin string
	}{
		{"p.svg", p.Write, "<?xml"},
		{"p.png", p.Write, "\x89PNG"},
		{"g.dot", g.Write, "digraph layers {"},
		{"g.svg", g.Write, "<?xml"},
		{"nodes.dot", g.WriteNodes, "digraph nodes {"},
	} {
		if err := test.write(test.file); err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(test.file); err != nil || !bytes.HasPrefix(content, []byte(test.begin)) {
			t.Errorf("%s: found %.20q, %v, expected it to begin with %q", test.file, content, err, test.begin)
		}
	}
	if err := p.Write("p.gif"); err == nil || !strings.Contains(err.Error(), `"p.gif"`) || !strings.Contains(err.Error(), ".svg or .png") {
		t.Errorf("found %v, expected the file and the endings", err)
	}
	if found, _ := filepath.Glob("*.gif"); found != nil {
		t.Errorf("found %v, expected no file", found)
	}
}
