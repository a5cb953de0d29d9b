package command

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model/weightfile"
)

// onPaper draws an MNIST digit on paper: each of its pixels scale wide, with a
// margin around it, in ink of any colour.
func onPaper(digit []byte, scale, margin int, paper, ink color.RGBA) *image.RGBA {
	side := 28*scale + 2*margin
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	mix := func(from, to, part byte) byte { return byte((int(from)*(255-int(part)) + int(to)*int(part)) / 255) }
	for y := range side {
		for x := range side {
			part := byte(0)
			if u, v := (x-margin)/scale, (y-margin)/scale; x >= margin && y >= margin && u < 28 && v < 28 {
				part = digit[v*28+u]
			}
			img.SetRGBA(x, y, color.RGBA{mix(paper.R, ink.R, part), mix(paper.G, ink.G, part), mix(paper.B, ink.B, part), 255})
		}
	}
	return img
}

// encoders of pictures, by the ending of the file.
var encoders = map[string]func(io.Writer, image.Image) error{
	".png": png.Encode,
	".jpg": func(w io.Writer, img image.Image) error { return jpeg.Encode(w, img, nil) },
}

func encoded(t *testing.T, img image.Image, ending string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encoders[ending](&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// digits returns the first n test digits of each of 0 and 1, and their labels.
func digits(t *testing.T, n int) (images [][]byte, labels []string) {
	t.Helper()
	_, test, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	left := []int{n, n}
	for i := range test.Len() {
		if label := test.Label(i); label < 2 && left[label] > 0 {
			left[label]--
			images, labels = append(images, test.Image(i)), append(labels, test.Classes[label])
		}
	}
	return images, labels
}

var (
	white, black = color.RGBA{255, 255, 255, 255}, color.RGBA{0, 0, 0, 255}
	navy, straw  = color.RGBA{20, 30, 120, 255}, color.RGBA{240, 225, 160, 255}
)

func TestPredict(t *testing.T) {
	slow(t)
	images, labels := digits(t, 5)
	for _, form := range []struct {
		name          string
		scale, margin int
		paper, ink    color.RGBA
	}{
		{"as in MNIST.png", 1, 0, black, white},
		{"dark on light.png", 1, 0, white, black},
		{"large.png", 9, 40, white, black},
		{"large light on dark.png", 5, 13, black, white},
		{"coloured.png", 4, 100, straw, navy},
		{"photograph.jpg", 7, 30, straw, navy},
		{"light on dark.jpg", 3, 5, black, white},
	} {
		folder := t.TempDir()
		var paths []string
		for i, digit := range images {
			path := filepath.Join(folder, labels[i]+string(rune('a'+i))+form.name)
			writeFile(t, path, encoded(t, onPaper(digit, form.scale, form.margin, form.paper, form.ink), filepath.Ext(path)))
			paths = append(paths, path)
		}
		r := ok(t, append([]string{"predict", "--json", "--model", pretrained()}, paths...)...)
		lines, right := r.objects(t), 0
		if len(lines) != len(paths) || r.err != "" {
			t.Fatalf("%s: found %d lines, expected %d; on standard error %q", form.name, len(lines), len(paths), r.err)
		}
		for i, line := range lines {
			checkPrediction(t, line, paths[i])
			if line["label"] == labels[i] {
				right++
			}
		}
		if right < len(paths)-1 {
			t.Errorf("%s: %d of %d digits are recognised", form.name, right, len(paths))
		}
	}
}

// A network of dark ink on light paper sees the negative: the pretrained one with
// its first kernels and its mean turned round answers the same.
func TestPredictPolarity(t *testing.T) {
	images, labels := digits(t, 1)
	path := filepath.Join(t.TempDir(), "digit.png")
	writeFile(t, path, encoded(t, onPaper(images[0], 3, 10, straw, navy), ".png"))
	m, err := weightfile.Read(pretrained())
	if err != nil {
		t.Fatal(err)
	}
	kernels := m.Weights.Get("conv1/W").Float32s()
	for i := range kernels {
		kernels[i] = -kernels[i]
	}
	m.Prep.Mean, m.Prep.Polarity = 1-m.Prep.Mean, dataset.DarkOnLight
	negative := filepath.Join(t.TempDir(), "negative.safetensors")
	if err := weightfile.Write(negative, m); err != nil {
		t.Fatal(err)
	}
	want := ok(t, "predict", "--json", "--model", pretrained(), path).objects(t)[0]
	got := ok(t, "predict", "--json", "--model", negative, path).objects(t)[0]
	if got["label"] != labels[0] || math.Abs(got["probability"].(float64)-want["probability"].(float64)) > 1e-4 {
		t.Errorf("found %v, expected %v", got, want)
	}
	// It is measured on the negatives, and that is said.
	plain := ok(t, "eval", "--json", "--data", "sample", "--classes", "0-1", "--model", pretrained())
	r := ok(t, "eval", "--json", "--data", "sample", "--classes", "0-1", "--model", negative)
	if r.last(t)["correct"] != plain.last(t)["correct"] || !strings.Contains(r.err, "negatives") || strings.Contains(plain.err, "negatives") {
		t.Errorf("found %s and %q, expected %s and a word of negatives", r.out, r.err, plain.out)
	}
	// The same from weights that say nothing of it.
	t.Chdir(t.TempDir())
	ok(t, "convert", negative, "theirs.npz", "--to-layout", "torch")
	mean := fmt.Sprint(m.Prep.Mean)
	ok(t, "convert", "theirs.npz", "back.safetensors", "--classes", "0-1", "--mean", mean, "--polarity", "dark-on-light")
	if r := ok(t, "eval", "--json", "--data", "sample", "--classes", "0-1", "--model", "back.safetensors"); r.last(t)["correct"] != plain.last(t)["correct"] {
		t.Errorf("found %s, expected %s", r.out, plain.out)
	}
}

// TestDefaultData names no data to a network that knows no digits.
func TestDefaultData(t *testing.T) {
	slow(t)
	m, err := weightfile.Read(pretrained())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	m.Classes = []string{"1", "cat"}
	if err := weightfile.Write("cats", m); err != nil {
		t.Fatal(err)
	}
	mnist(t, "eval", "--model", "cats").refused(t, exitUsage, "--data", "1, cat", "mnist", "0 to 9")
	mnist(t, "explain", "--from", "cats").refused(t, exitUsage, "--data", "1, cat", "sample", "0 to 9")
	ok(t, "eval", "--model", "cats", "--data", "sample", "--quiet") // asked for
	ok(t, "explain", "--from", pretrained(), "--steps", "1", "--batch", "2")
}

func checkPrediction(t *testing.T, line map[string]any, path string) {
	t.Helper()
	kinds{"file": text, "label": text, "probability": number}.check(t, line)
	all, best := 0.0, 0.0
	probabilities := line["probabilities"].(map[string]any)
	for _, p := range probabilities {
		all, best = all+p.(float64), max(best, p.(float64))
	}
	if line["file"] != path || len(probabilities) != 2 || math.Abs(all-1) > 1e-6 || line["probability"] != best || probabilities[line["label"].(string)] != best {
		t.Errorf("found %v", line)
	}
}

func TestPredictStandardInput(t *testing.T) {
	images, labels := digits(t, 1)
	for i, digit := range images {
		cmd := program(t, "predict", "--model", pretrained(), "-")
		cmd.Stdin = bytes.NewReader(encoded(t, onPaper(digit, 3, 9, white, black), ".jpg"))
		out, err := cmd.Output()
		if err != nil || !strings.HasPrefix(string(out), "-: "+labels[i]+" (") {
			t.Errorf("found %q and %v, expected %s", out, err, labels[i])
		}
	}
}

// TestPredictRefuses gives predict files that hold no digit.
func TestPredictRefuses(t *testing.T) {
	slow(t)
	images, _ := digits(t, 1)
	drawing := onPaper(images[0], 2, 4, white, black)
	good := encoded(t, drawing, ".png")
	photo := encoded(t, drawing, ".jpg")
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 0x10
	huge := bytes.Clone(good)
	copy(huge[16:], []byte{0x00, 0x01, 0x86, 0xa0, 0x00, 0x01, 0x86, 0xa0}) // 100,000 square
	t.Chdir(t.TempDir())
	for name, content := range map[string][]byte{
		"empty.png": nil, "cut.png": good[:len(good)/2], "cut.jpg": photo[:len(photo)/2], "stub.png": good[:10],
		"flipped.png": flipped, "huge.png": huge, "words.png": []byte("not an image\n"),
		"animation.gif": []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "weights.png": readFile(t, pretrained())[:1<<16],
		"blank.png": encoded(t, image.NewGray(image.Rect(0, 0, 40, 40)), ".png"),
	} {
		writeFile(t, name, content)
		r := mnist(t, "predict", "--model", pretrained(), "--json", name)
		r.refused(t, exitFailed, name)
		if r.out != "" {
			t.Errorf("%s: found %q on standard output", name, r.out)
		}
	}
}

// TestPredictNotes says what is doubtful about a drawing.
func TestPredictNotes(t *testing.T) {
	t.Chdir(t.TempDir())
	desk := image.NewGray(image.Rect(0, 0, 200, 100))
	for i := range desk.Pix {
		if desk.Pix[i] = 220; i%200 < 30 {
			desk.Pix[i] = 0
		}
	}
	writeFile(t, "desk.png", encoded(t, desk, ".png"))
	r := ok(t, "predict", "--quiet", "--json", "--model", pretrained(), "desk.png")
	note, _ := r.last(t)["note"].(string)
	if !strings.Contains(note, "nothing was found but") || !strings.Contains(r.err, "desk.png: "+note) {
		t.Errorf("found the note %q and on standard error %q", note, r.err)
	}
}

// TestPredictGoesOn gives predict good files among bad ones.
func TestPredictGoesOn(t *testing.T) {
	images, labels := digits(t, 1)
	t.Chdir(t.TempDir())
	for i, digit := range images {
		writeFile(t, labels[i]+".png", encoded(t, onPaper(digit, 3, 9, white, black), ".png"))
	}
	writeFile(t, "words.png", []byte("not an image\n"))
	writeFile(t, "empty/notes.txt", []byte("none\n"))
	r := mnist(t, "predict", "--quiet", "--json", "--model", pretrained(), "0.png", "words.png", "none.png", "1.png", "empty")
	lines := r.objects(t)
	if r.status != exitFailed || len(lines) != 3 || lines[0]["label"] != "0" || lines[1]["label"] != "1" || lines[2]["answered"] != 2.0 {
		t.Errorf("exit status %d and %s, expected 1, the answers for both digits and the counts", r.status, r.out)
	}
	said := strings.Split(strings.TrimSpace(r.err), "\n")
	if len(said) != 4 || !strings.Contains(said[0], "empty: found no images") || !strings.Contains(said[1], "words.png: ") || !strings.Contains(said[2], "none.png: ") || said[3] != "mnist: 3 of 5 images have no answer" {
		t.Errorf("found on standard error %q", said)
	}
	// Text and JSON alike; a folder stands for its images.
	if r := mnist(t, "predict", "--model", pretrained(), "none.png", "1.png"); r.status != exitFailed || !strings.HasPrefix(r.out, "1.png: 1 (") {
		t.Errorf("exit status %d and %q", r.status, r.out)
	}
	// A name that a spreadsheet would run is text in the table.
	check(t, os.Rename("1.png", "=1+1.png"))
	if r := ok(t, "predict", "--model", pretrained(), "--csv", "=1+1.png"); !strings.HasPrefix(r.out, "file,label,probability\n'=1+1.png,1,") {
		t.Errorf("found the table %q", r.out)
	}
}

// program returns a command that runs mnist as a process of its own.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	return programOf(t, "1", args...)
}

// started starts a command. It returns the lines of its standard output as they come, and
// what it says on standard error, which is whole once the command has ended.
func started(t *testing.T, cmd *exec.Cmd) (*bufio.Scanner, *bytes.Buffer) {
	t.Helper()
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return bufio.NewScanner(stdout), stderr
}

// programOf is program for the one of that name.
func programOf(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), asProgram+"="+name)
	return cmd
}
