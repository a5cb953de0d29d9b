package command

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// idxFolder makes a folder of the sample's IDX files.
func idxFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(repository, "dataset", "sample"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "generate.go")); err != nil {
		t.Fatal(err)
	}
	return folder
}

// refusedData trains on a folder, which must fail in one line that says the
// words, and leave nothing.
func refusedData(t *testing.T, folder string, say ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	before := files(t, folder)
	r := mnist(t, withSmall("train", "--data", folder, "--classes=")...)
	r.refused(t, exitFailed, say...)
	if found := files(t, "."); found != "" || r.out != "" || files(t, folder) != before {
		t.Errorf("%s: left %q, printed %q, and in the data's folder is %s", r.args, found, r.out, files(t, folder))
	}
}

const (
	trainImages = "train-images-idx3-ubyte"
	trainLabels = "train-labels-idx1-ubyte"
	testImages  = "t10k-images-idx3-ubyte"
)

func TestDamagedIDX(t *testing.T) {
	header := func(content []byte, at int, value uint32) []byte {
		binary.BigEndian.PutUint32(content[at:], value)
		return content
	}
	for _, test := range []struct {
		name, file string
		plain      bool // uncompressed first
		damage     func([]byte) []byte
	}{
		{"empty", trainImages, true, func([]byte) []byte { return nil }},
		{"empty, compressed", trainImages, false, func([]byte) []byte { return nil }},
		{"half a header", trainImages, true, func(b []byte) []byte { return b[:9] }},
		{"truncated", trainImages, true, func(b []byte) []byte { return b[:len(b)-1] }},
		{"truncated, compressed", testImages, false, func(b []byte) []byte { return b[:len(b)-100] }},
		{"truncated labels", trainLabels, true, func(b []byte) []byte { return b[:len(b)/2] }},
		{"oversized", trainLabels, true, func(b []byte) []byte { return append(b, 0) }},
		{"oversized, compressed", trainImages, false, func(b []byte) []byte { return append(b, b...) }},
		{"bit of the magic number", trainImages, true, func(b []byte) []byte { b[2] ^= 1; return b }},
		{"bit of the gzip header", trainImages, false, func(b []byte) []byte { b[0] ^= 4; return b }},
		{"bit of the compressed pixels", trainImages, false, func(b []byte) []byte { b[len(b)/2] ^= 1; return b }},
		{"bit of the compressed pixels", testImages, false, func(b []byte) []byte { b[len(b)-5] ^= 1; return b }},
		{"another count", trainLabels, true, func(b []byte) []byte { return header(b[:len(b)-1], 4, 1999) }},
		{"huge count", trainImages, true, func(b []byte) []byte { return header(b, 4, 1<<31) }},
		{"huge sides", trainImages, true, func(b []byte) []byte { return header(header(b, 8, 1<<31), 12, 1<<31) }},
		{"no images", trainImages, true, func(b []byte) []byte { return header(b[:16], 4, 0) }},
		{"no pixels", trainImages, true, func(b []byte) []byte { return header(b[:16], 8, 0) }},
		{"text", trainImages, true, func([]byte) []byte { return []byte("<html>404</html>") }},
	} {
		folder := idxFolder(t)
		path := filepath.Join(folder, test.file)
		content := readFile(t, path+".gz")
		if test.plain {
			if err := os.Remove(path + ".gz"); err != nil {
				t.Fatal(err)
			}
			content = unzipped(t, content)
		} else {
			path += ".gz"
		}
		writeFile(t, path, test.damage(content))
		t.Log(test.name)
		refusedData(t, folder, test.file)
	}
}

func unzipped(t *testing.T, content []byte) []byte {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func TestIDXFolder(t *testing.T) {
	folder := idxFolder(t)
	t.Chdir(t.TempDir())
	ok(t, withSmall("train", "--quiet", "--out", "sample")...)
	ok(t, withSmall("train", "--quiet", "--data", folder, "--out", "folder")...)
	if !bytes.Equal(readFile(t, "sample"), readFile(t, "folder")) {
		t.Error("the same digits made different networks: from the program and from IDX files")
	}
	// Images and labels in each other's place, a file that is missing.
	images, labels := filepath.Join(folder, trainImages+".gz"), filepath.Join(folder, trainLabels+".gz")
	a, b := readFile(t, images), readFile(t, labels)
	writeFile(t, images, b)
	writeFile(t, labels, a)
	refusedData(t, folder, "train-")
	writeFile(t, images, a)
	if err := os.Remove(labels); err != nil {
		t.Fatal(err)
	}
	refusedData(t, folder, folder, "train-labels")
	refusedData(t, t.TempDir(), "--data")
}

// imageFolder makes a folder of ten pictures of each of two classes.
func imageFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	images, labels := digits(t, 10)
	for i, digit := range images {
		ending := []string{".png", ".jpg"}[i%2]
		path := filepath.Join(folder, map[string]string{"0": "nought", "1": "one"}[labels[i]], string(rune('a'+i))+ending)
		writeFile(t, path, encoded(t, onPaper(digit, 2+i%2, i, white, black), ending))
	}
	return folder
}

func TestImageFolder(t *testing.T) {
	slow(t)
	folder := imageFolder(t)
	good := readFile(t, filepath.Join(folder, "nought", "a.png"))
	t.Chdir(t.TempDir())
	all := []string{"--data", folder, "--classes=", "--limit=0"}
	done := ok(t, slices.Concat(withSmall("train", "--json"), all)...).last(t)
	if done["correct"] == nil {
		t.Errorf("found %v", done)
	}
	// A network of digits meets classes it has never heard of.
	r := mnist(t, "eval", "--quiet", "--model", pretrained(), "--data", folder)
	r.refused(t, exitFailed)
	ok(t, slices.Concat(withSmall("retrain", "--from", pretrained(), "--out", "words"), all)...)
	p := ok(t, "predict", "--model", "words", filepath.Join(folder, "one", "l.jpg"))
	if !strings.Contains(p.out, "one (") && !strings.Contains(p.out, "nought (") {
		t.Errorf("found %q", p.out)
	}
	for name, content := range map[string][]byte{"empty.png": nil, "cut.png": good[:len(good)/2], "words.jpg": []byte("no image")} {
		bad := filepath.Join(folder, "one", name)
		writeFile(t, bad, content)
		refusedData(t, folder, name)
		t.Chdir(t.TempDir())
		r := ok(t, slices.Concat(withSmall("train", "--skip-bad"), all)...)
		if !strings.Contains(r.err, name) {
			t.Errorf("%s: found %q, expected a word on %s", r.args, r.err, name)
		}
		if err := os.Remove(bad); err != nil {
			t.Fatal(err)
		}
	}
}
