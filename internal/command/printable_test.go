package command

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/model/weightfile"
)

// hostile is a name that would colour, clear and retitle a terminal, begin a line
// of its own and turn the rest round.
const hostile = "a\x1b[31m\x1b]0;title\a\rb\nmnist: done\u009b2J\u202egnp.\x7f"

// wantPrintable fails where a terminal would obey what was printed.
func (r ran) wantPrintable(t *testing.T) {
	t.Helper()
	for _, text := range []string{r.out, r.err} {
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); strings.ContainsFunc(line, escape.Obeyed) {
				t.Errorf("%s: found the line %q, expected nothing that a terminal obeys", escape.Text(r.args), line)
			}
		}
	}
}

// TestHostileNames prints names of files, folders and classes that hold what a
// terminal obeys, by every command.
func TestHostileNames(t *testing.T) {
	images, _ := digits(t, 6)
	t.Chdir(t.TempDir())
	drawing := encoded(t, onPaper(images[0], 2, 4, white, black), ".png")
	writeFile(t, hostile, drawing)
	for i, image := range images {
		folder := filepath.Join("data"+hostile, []string{"train", "test"}[i%2], []string{"one", "other"}[i/6])
		writeFile(t, filepath.Join(folder, string(rune('a'+i))+".png"), encoded(t, onPaper(image, 1, 0, black, white), ".png"))
	}
	net := "net" + hostile + ".safetensors"
	ok(t, "train", "--data", "data"+hostile, "--epochs", "1", "--out", net, "--report", "report"+hostile).wantPrintable(t)
	m, err := weightfile.Read(net)
	if err != nil {
		t.Fatal(err)
	}
	m.Classes[0] = hostile // a folder of that name is refused, a file may come from elsewhere
	if err := weightfile.Write(net, m); err != nil {
		t.Fatal(err)
	}
	ok(t, "eval", "--report", "report"+hostile, "--data", "data"+hostile, "--model", net).wantPrintable(t)
	ok(t, "retrain", "--from", net, "--data", "data"+hostile, "--epochs", "1", "--out", net).wantPrintable(t)
	ok(t, "explain", "--from", net, "--data", "data"+hostile, "--steps", "1", "--graph", hostile+".svg").wantPrintable(t)
	ok(t, "convert", net, "copy"+hostile+".npz").wantPrintable(t)
	ok(t, "predict", "--model", net, hostile).wantPrintable(t)
	for _, args := range [][]string{
		{"predict", "--model", net, "none" + hostile}, {"predict", "--model", "none" + hostile, hostile}, {"eval", "--model", net, "--data", hostile},
		{"train", "--data", "data" + hostile, "--classes", hostile}, {"train", "--out", "none" + hostile + "/x"}, {hostile}, {"train", hostile}, {"train", "--" + hostile},
	} {
		r := mnist(t, args...)
		r.wantPrintable(t)
		if r.status == exitDone || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: exit status %d and %q, expected one line of why not", escape.Text(r.args), r.status, r.err)
		}
	}
	r := ok(t, "predict", "--json", "--model", net, hostile)
	r.wantPrintable(t)
	var line predictLine
	if err := json.Unmarshal([]byte(r.out), &line); err != nil || line.File != hostile {
		t.Errorf("found %q of %s (%v), expected the name as it is", line.File, r.out, err)
	}
	// A picture with such a name must be XML all the same.
	for d := xml.NewDecoder(bytes.NewReader(readFile(t, filepath.Join("report"+hostile, "confusion.svg")))); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("confusion.svg: %v", err)
		}
	}
}
