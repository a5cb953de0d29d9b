package examples_test

import (
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
)

// goRun runs a program in a module of its own, outside this one, in folder.
func goRun(t *testing.T, folder string, source []byte) string {
	t.Helper()
	if testing.Short() {
		t.Skip("left out by -short: it compiles a program")
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	// What the module needs, the program needs: nothing is to be looked for.
	needs := strings.Replace(string(mod), "module github.com/lastlayer/lastlayer", "module example.com/outside", 1)
	needs += fmt.Sprintf("\nrequire github.com/lastlayer/lastlayer v0.0.0\nreplace github.com/lastlayer/lastlayer => %s\n", root)
	for name, content := range map[string][]byte{"go.mod": []byte(needs), "go.sum": sum, "main.go": source} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("go", "run", ".")
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("go run: %v\n%s", err, out)
	}
	return string(out)
}

// TestOutside: a program of another module does in under sixty lines what the
// commands do.
func TestOutside(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("testdata", "outside", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), "\n"); n >= 60 {
		t.Errorf("found a program of %d lines, expected under 60", n)
	}
	folder := t.TempDir()
	seven(t, filepath.Join(folder, "seven.png"))
	out := goRun(t, folder, source)
	for _, want := range []string{"frozen weights bit-identical: true", "accuracy 0.9", "seven.png: 7"} {
		if !strings.Contains(out, want) {
			t.Errorf("found no %q in\n%s", want, out)
		}
	}
	for _, name := range []string{"checkpoint.safetensors", "retrained.safetensors", "retrained.onnx"} {
		if info, err := os.Stat(filepath.Join(folder, name)); err != nil || info.Size() < 1<<20 {
			t.Errorf("%s: found %v, %v, expected a file of a whole network", name, info, err)
		}
	}
}

// seven writes a seven of the sample's test images as a PNG file.
func seven(t *testing.T, path string) {
	t.Helper()
	_, test, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for test.Classes[test.Label(i)] != "7" {
		i++
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, &image.Gray{Pix: test.Image(i), Stride: 28, Rect: image.Rect(0, 0, 28, 28)}); err != nil {
		t.Fatal(err)
	}
}

// TestREADME runs what README shows of the library: its snippets one after the
// other, with the checks of err that it leaves out, on the sample in place of MNIST.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var body strings.Builder
	snippets := 0
	for _, snippet := range goBlocks(string(text)) {
		if strings.HasPrefix(snippet, "package main") {
			continue // a program of its own
		}
		snippets++
		body.WriteString(checked(snippet))
	}
	if snippets < 2 {
		t.Fatalf("found %d snippets of Go, expected two or more", snippets)
	}
	source := `package main

import (
	"context"
	"fmt"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
)

func main() {
` + strings.ReplaceAll(body.String(), `"mnist"`, `"sample"`) + "}\n"
	folder := t.TempDir()
	pretrained(t, filepath.Join(folder, "digits.safetensors"))
	out := goRun(t, folder, []byte(source))
	for _, want := range []string{"frozen weights bit-identical: true", "test accuracy 0.9"} {
		if !strings.Contains(out, want) {
			t.Errorf("found no %q in\n%s", want, out)
		}
	}
}

// goBlocks returns the blocks of Go of a page.
func goBlocks(page string) (blocks []string) {
	for _, part := range strings.Split(page, "```go\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		blocks = append(blocks, block)
	}
	return blocks
}

// TestREADMEPhotos runs README's program for photos on a network and photos of
// others: it prints what README shows. The kernel may move a photo or two.
func TestREADMEPhotos(t *testing.T) {
	network, photos := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx"), peer.Data(t, "photos/signs")
	text, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := goBlocks(string(text))
	at := slices.IndexFunc(blocks, func(block string) bool { return strings.HasPrefix(block, "package main") })
	_, shown, _ := strings.Cut(string(text), "```text\n")
	var right, of, foundRight, foundOf int
	if _, err := fmt.Sscanf(shown, "%d of %d test photos right", &right, &of); at < 0 || err != nil {
		t.Fatalf("found no program or not what it prints: %v", err)
	}
	folder := t.TempDir()
	for name, path := range map[string]string{"mobilenet.onnx": network, "photos": photos, "new.jpg": filepath.Join(photos, "test", "5", "IMG_5781.JPG")} {
		if err := os.Symlink(path, filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	out := goRun(t, folder, []byte(blocks[at]))
	if _, err := fmt.Sscanf(out, "%d of %d test photos right", &foundRight, &foundOf); err != nil || foundOf != of || foundRight < right-2 || foundRight > right+2 || !strings.Contains(out, "new.jpg: 5, probability 0.9") {
		t.Errorf("found %s, README shows\n%s", out, shown[:strings.Index(shown, "```")])
	}
}

// TestPlainGorgonia runs the lines of docs/answer.md that need nothing of ours, for
// three epochs on real digits.
func TestPlainGorgonia(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "answer.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := goBlocks(string(text))
	if len(blocks) != 1 || strings.Count(blocks[0], "\n") > 18 {
		t.Fatalf("found %q, expected one block of at most 18 lines", blocks)
	}
	frame, err := os.ReadFile(filepath.Join("testdata", "plain", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	before, after, _ := strings.Cut(string(frame), "\t// the snippet\n")
	snippet := strings.ReplaceAll(blocks[0], "\tvm.Reset()", "\tlosses = append(losses, loss.Value().Data().(float32))\n\tvm.Reset()")
	out := goRun(t, t.TempDir(), []byte(before+checked(snippet)+after))
	var first, last float64
	var same bool
	if _, err := fmt.Sscanf(out, "loss %f to %f, frozen bytes the same: %t", &first, &last, &same); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	t.Log(out)
	if first < 1.6 || first > 1.62 || last > 0.8 || !same {
		t.Errorf("found %s, expected a loss of 1.61 to fall below 0.8", out)
	}
}

// checked returns a snippet with a check after each statement that gives an err.
func checked(snippet string) string {
	var b strings.Builder
	pending := false // a statement of several lines gives one
	for line := range strings.Lines(snippet) {
		b.WriteString(line)
		assigns, _, found := strings.Cut(line, "= ")
		if found && (!strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "\terr = ")) {
			pending = strings.Contains(assigns, "err")
		}
		code, _, _ := strings.Cut(line, "//")
		if code = strings.TrimSpace(code); pending && strings.HasSuffix(code, ")") {
			b.WriteString("if err != nil {\npanic(err)\n}\n")
			pending = false
		}
	}
	return b.String()
}

// pretrained writes a network that tells 0 to 4.
func pretrained(t *testing.T, path string) {
	t.Helper()
	data, _, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if data, err = data.Filter(dataset.Classes{"0", "1", "2", "3", "4"}); err != nil {
		t.Fatal(err)
	}
	spec, err := model.DeepMNIST().WithClasses(5)
	if err != nil {
		t.Fatal(err)
	}
	n, err := model.New(spec, data.Classes, data.Prep, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	options := transfer.Options{Select: model.All(), Solver: train.NewAdam(0.001), Train: train.Options{Epochs: 1}}
	if _, err := transfer.Retrain(t.Context(), n, data, options); err != nil {
		t.Fatal(err)
	}
	if err := weightfile.Write(path, n); err != nil {
		t.Fatal(err)
	}
}
