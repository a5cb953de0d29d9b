package command

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// TestDamagedModel reads damaged copies of a good network by every command
// that takes one.
func TestDamagedModel(t *testing.T) {
	slow(t)
	good := readFile(t, pretrained())
	header := int(binary.LittleEndian.Uint64(good))
	damaged := map[string][]byte{
		"empty": nil, "eight bytes": good[:8], "header alone": good[:8+header], "half": good[:len(good)/2],
		"last byte missing": good[:len(good)-1], "one byte more": append(bytes.Clone(good), 0), "twice": append(bytes.Clone(good), good...),
		"huge header": binary.LittleEndian.AppendUint64(nil, 1<<62), "text": []byte("{}\n"), "picture": []byte("\x89PNG\r\n\x1a\n0123456789"),
	}
	for _, at := range []int{0, 1, 7, 8, 9, 8 + header/3, 8 + header/2, 8 + header - 1, 8 + header, len(good) / 2, len(good) - 1} {
		for _, bit := range []int{0, 6} {
			flipped := bytes.Clone(good)
			flipped[at] ^= 1 << bit
			damaged[fmt.Sprintf("bit %d of byte %d", bit, at)] = flipped
		}
	}
	t.Chdir(t.TempDir())
	commands := [][]string{
		{"eval", "--data", "sample", "--model", "bad.safetensors"},
		{"predict", "--model", "bad.safetensors", "seven.png"},
		withSmall("retrain", "--from", "bad.safetensors"),
		{"convert", "bad.safetensors", "out.npz"},
	}
	for i, name := range slices.Sorted(maps.Keys(damaged)) {
		writeFile(t, "bad.safetensors", damaged[name])
		t.Log(name)
		// All commands read by the same function: each takes its turn.
		for _, args := range [][]string{commands[i%len(commands)], commands[0]} {
			r := mnist(t, args...)
			r.refused(t, exitFailed, "bad.safetensors")
			if found := files(t, "."); found != "bad.safetensors" || r.out != "" {
				t.Errorf("%s: left %s, printed %q", r.args, found, r.out)
			}
		}
	}
}

// TestPartialModel takes convolutions without a head: enough to retrain on
// all that is missing, and for nothing else.
func TestPartialModel(t *testing.T) {
	from := pretrained()
	t.Chdir(t.TempDir())
	ok(t, "convert", from, "conv.safetensors", "--layers", "conv*")
	mnist(t, "eval", "--model", "conv.safetensors", "--data", "sample").refused(t, exitFailed, "conv.safetensors", "fc1")
	mnist(t, "predict", "--model", "conv.safetensors", "seven.png").refused(t, exitFailed, "conv.safetensors", "fc1")
	mnist(t, withSmall("retrain", "--from", "conv.safetensors", "--quiet")...).refused(t, exitUsage, "conv.safetensors", "fc1/W")
	if found := files(t, "."); found != "conv.safetensors" {
		t.Errorf("found the files %s", found)
	}
	done := ok(t, withSmall("retrain", "--from", "conv.safetensors", "--last", "2", "--json")...).last(t)
	if list(done["frozen"]) != "conv1/W conv1/b conv2/W conv2/b" || done["frozen_identical"] != true {
		t.Errorf("found %v", done)
	}
}

// TestOtherImages trains on images of another size, on which the digits' commands
// and networks must not stumble.
func TestOtherImages(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, half := range []string{"train", "t10k"} {
		pixels, labels := []byte{0, 0, 8, 3, 0, 0, 0, 12, 0, 0, 0, 20, 0, 0, 0, 20}, []byte{0, 0, 8, 1, 0, 0, 0, 12}
		for i := range 12 {
			pixels, labels = append(pixels, bytes.Repeat([]byte{byte(i), byte(20 * i)}, 200)...), append(labels, byte(i%3))
		}
		writeFile(t, "small/"+half+"-images-idx3-ubyte", pixels)
		writeFile(t, "small/"+half+"-labels-idx1-ubyte", labels)
	}
	ok(t, "train", "--data", "small", "--epochs", "1", "--out", "small.safetensors")
	images, _ := digits(t, 1)
	writeFile(t, "zero.png", encoded(t, onPaper(images[0], 1, 0, black, white), ".png"))
	mnist(t, "predict", "--model", "small.safetensors", "zero.png").refused(t, exitFailed, "small.safetensors", "[1 20 20]", "[1 28 28]")
	mnist(t, "eval", "--quiet", "--model", "small.safetensors", "--data", "sample").refused(t, exitFailed, "[1 20 20]", "[1 28 28]")
	mnist(t, "retrain", "--quiet", "--from", pretrained(), "--data", "small").refused(t, exitFailed, "[1 20 20]", "[1 28 28]")
	if found := files(t, "."); found != "small small.safetensors zero.png" {
		t.Errorf("found the files %s", found)
	}
}
