package command

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// TestExplainImage draws the map of a photo, exact for MobileNet, and refuses what does
// not go together.
func TestExplainImage(t *testing.T) {
	network, labels := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx"), peer.Data(t, "pretrained/imagenet-1001-labels.txt")
	photo := peer.Data(t, "photos/single/cat.jpg")
	t.Chdir(t.TempDir())
	from := []string{"explain", "--from", network, "--prepare", "tf", "--labels", labels, "--quiet"}
	with := slices.Concat(from, []string{"--image", photo})
	m := ok(t, append(with, "--class", "Egyptian cat", "--json", "--map", "cat.png")...).last(t)
	values := m["values"].([]any)
	var mean float64
	for _, v := range values {
		mean += v.(float64) / float64(len(values))
	}
	if m["exact"] != true || m["label"] != "Egyptian cat" || math.Abs(mean+m["bias"].(float64)-m["logit"].(float64)) > 1e-3 {
		t.Errorf("found %v, expected an exact map", m)
	}
	drawn, err := os.ReadFile("cat.png")
	check(t, err)
	if img, err := png.Decode(bytes.NewReader(drawn)); err != nil || img.Bounds().Dx() != 224 {
		t.Errorf("found %v", err)
	}
	mnist(t, append(with, "--class", "nope")...).refused(t, exitUsage, "--class")
	mnist(t, append(with, "--map", "cat.svg")...).refused(t, exitUsage, "--map", ".png")
	mnist(t, append(with, "--last", "2")...).refused(t, exitUsage, "--last", "--image")
	mnist(t, append(from, "--class", "cat")...).refused(t, exitUsage, "--class", "--image")
	mnist(t, append(from, "--image", "")...).refused(t, exitUsage, "--image", "no file name")
	if r := lastlayer(t, append(with, "--map", "other.png")...); r.status != exitDone {
		t.Errorf("found exit status %d of %q, expected a map without data: %s", r.status, r.args, r.err)
	}
	mnist(t, append(from, "--image", "none.jpg")...).refused(t, exitFailed, "none.jpg")
}

// TestExplainDigit draws the map of a drawing, by gradient, into the file that is the
// default.
func TestExplainDigit(t *testing.T) {
	t.Chdir(t.TempDir())
	ok(t, withSmall("train", "--out", "digits.safetensors", "--quiet")...)
	images, _ := digits(t, 1)
	writeFile(t, "zero.png", encoded(t, &image.Gray{Pix: images[0], Stride: 28, Rect: image.Rect(0, 0, 28, 28)}, ".png"))
	m := ok(t, "explain", "--from", "digits.safetensors", "--image", "zero.png", "--json").last(t)
	if m["exact"] != false || m["drawn"] != "map.png" || m["height"] != 7.0 {
		t.Errorf("found %v, expected a map of 7×7 by gradient", m)
	}
}
