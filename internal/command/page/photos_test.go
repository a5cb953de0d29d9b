package page

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// photoNetwork is a small network of photos that knows nothing: what its random
// convolutions make of colours and stripes is enough to tell these apart.
func photoNetwork(t testing.TB) *model.Network {
	t.Helper()
	spec := model.Spec{Input: []int{3, 32, 32}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv{Out: 16, Kernel: model.Sides{5}, Stride: model.Sides{2}}},
		{Name: "relu1", Kind: model.ReLU{}},
		{Name: "conv2", Kind: model.Conv{Out: 32, Kernel: model.Sides{3}, Stride: model.Sides{2}}},
		{Name: "relu2", Kind: model.ReLU{}},
		{Name: "pool", Kind: model.GlobalAveragePool{}},
		{Name: "flatten", Kind: model.Flatten{}},
		{Name: "fc", Kind: model.Dense{Out: 30}},
	}}
	var names []string
	for i := range 30 {
		names = append(names, fmt.Sprintf("thing %d", i))
	}
	m, err := model.New(spec, names, dataset.ImageNetPreprocessing(36, dataset.Bilinear), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range m.Weights.Get("conv2/W").Float32s() {
		m.Weights.Get("conv2/W").Float32s()[i] = 6 * x // as strong as trained features are
	}
	return m
}

// scenes are what photos of a class show: a colour, and the width of its stripes.
var scenes = map[string]struct {
	ink     color.NRGBA
	stripes int
}{
	"cup": {color.NRGBA{200, 40, 30, 255}, 60}, "leaf": {color.NRGBA{30, 140, 50, 255}, 6}, "sky": {color.NRGBA{60, 120, 230, 255}, 25},
}

// scene is photo n of a class: no two are the same.
func scene(class string, n int) *image.NRGBA {
	s := scenes[class]
	rng := rand.New(rand.NewPCG(uint64(n), uint64(s.stripes)))
	img := image.NewNRGBA(image.Rect(0, 0, 160, 120))
	shift := rng.IntN(100)
	for y := range 120 {
		for x := range 160 {
			c := color.NRGBA{210, 205, 200, 255}
			if (x+y/2+shift)/s.stripes%2 == 0 {
				c = s.ink
			}
			noise := uint8(rng.IntN(20))
			img.SetNRGBA(x, y, color.NRGBA{c.R + noise, c.G + noise, c.B + noise, 255})
		}
	}
	return img
}

// show adds n photos of each class, from number first on.
func (r *running) show(t *testing.T, first, n int, names ...string) {
	t.Helper()
	for _, name := range names {
		for i := range n {
			r.get(t, "POST", "/samples?class="+url.QueryEscape(name), encode(t, scene(name, first+i)), new(samplesAnswer))
		}
	}
}

// TestPhotos goes the whole way with photos.
func TestPhotos(t *testing.T) {
	r := serveWith(t, photoNetwork(t), usualTimeouts)
	var p prediction
	r.get(t, "POST", "/predict", encode(t, scene("cup", 0)), &p)
	if len(p.Classes) != maxAnswers || !slices.IsSortedFunc(p.Probabilities, func(a, b float64) int { return -cmpFloat(a, b) }) || p.Layers != nil || p.Picture != nil || p.Probability != p.Probabilities[0] {
		t.Errorf("found %+v for a network of 30 classes", p)
	}
	r.get(t, "POST", "/predict?inside=1", encode(t, scene("cup", 0)), &p)
	if got, _, err := image.DecodeConfig(bytes.NewReader(p.Picture)); err != nil || got.Width != 32 || len(p.Layers) != 5 {
		t.Errorf("found %d layers and a picture of %v, %v", len(p.Layers), got, err)
	}
	if r.get(t, "POST", "/predict?threshold=1", encode(t, scene("cup", 0)), &p); p.Label != train.NoneOfThese || p.Probability == 0 {
		t.Errorf("found %s with %v where nothing is sure enough", p.Label, p.Probability)
	}
	for _, bad := range []string{"-0.1", "1.1", "NaN", "x", "1e999"} {
		r.refused(t, 400, "threshold: found", "POST", "/predict?threshold="+bad, encode(t, scene("cup", 0)))
	}
	r.show(t, 0, 4, "cup", "leaf")
	if f, _ := r.retrained(t, "1"); f.Measured != 0 || !f.HeldOut {
		t.Errorf("found %+v with 4 photos a class, expected none of them held out", f)
	}
	r.show(t, 4, 11, "cup", "leaf")
	for _, last := range []string{"1", "2"} {
		f, losses := r.retrained(t, last)
		if f.Measured != 6 || f.Right != 6 || !f.HeldOut || !f.Identical || len(f.Recalls) != 2 || f.Recalls[0] != (recall{"cup", 3, 3}) || losses[len(losses)-1] > losses[0]/2 {
			t.Errorf("last %s: found %+v and losses from %v to %v", last, f, losses[0], losses[len(losses)-1])
		}
		for name := range map[string]bool{"cup": true, "leaf": true} {
			if r.get(t, "POST", "/predict", encode(t, scene(name, 100)), &p); p.Label != name || p.Probability < 0.8 {
				t.Errorf("last %s: found %s with %v for a new %s", last, p.Label, p.Probability, name)
			}
		}
	}
	var s stepResult
	if r.get(t, "POST", "/step", `{"last":2}`, &s); s.Step < photoSteps || !s.Layers[1].Trained || s.Layers[0].Change != 0 {
		t.Errorf("found %+v", s)
	}
	m := r.download(t)
	taught, held := 0, 0
	for i := range 15 {
		img := encode(t, scene("cup", i))
		set, err := dataset.NewPhotos("cup", m.Spec.Input, [][]byte{[]byte(img)}, []int{0}, m.Classes, m.Prep)
		if err != nil {
			t.Fatal(err)
		}
		if used, _ := m.Seen.In(set); used == 1 {
			taught++
		} else {
			held++
		}
	}
	if !m.Prep.IsPhoto() || taught != 12 || held != 3 {
		t.Errorf("the download has seen %d photos of a class and not %d, expected 12 and 3", taught, held)
	}
	if names := r.names(t); len(names) != 30 || names[11] != "train/cup/0012.png" || names[12] != "test/cup/0013.png" || names[29] != "test/leaf/0015.png" {
		t.Errorf("found the files %q", names)
	}
	response, sheet := r.ask(t, "GET", "/samples?class=leaf", "")
	if c, _, err := image.DecodeConfig(strings.NewReader(sheet)); err != nil || response.Header.Get("Content-Type") != "image/png" || c.Width != smallShown*(smallSide+smallGap)-smallGap {
		t.Errorf("found %v, %v, %v as a picture of 15 photos", c, err, response.Header)
	}
	if content, text := r.ask(t, "GET", "/model.onnx", ""); content.StatusCode != 200 || len(text) < 1000 {
		t.Errorf("ONNX: found status %d and %d bytes", content.StatusCode, len(text))
	}
	r.refused(t, 404, "no photos", "GET", "/samples?class=nobody", "")
}

func cmpFloat(a, b float64) int {
	if a < b {
		return -1
	}
	return 1
}

// TestPhotosRefused sends photos that are none, too many of them, and the same
// again.
func TestPhotosRefused(t *testing.T) {
	r := serveWith(t, photoNetwork(t), usualTimeouts)
	large := image.NewGray(image.Rect(0, 0, 2000, 600))
	var asBMP, asTIFF, asGIF bytes.Buffer
	for _, err := range []error{bmp.Encode(&asBMP, large), tiff.Encode(&asTIFF, large, &tiff.Options{Compression: tiff.Deflate}), gif.Encode(&asGIF, large, nil)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	good := encode(t, scene("cup", 0))
	for _, q := range []struct {
		status    int
		say, body string
	}{
		{400, "first bytes", "words"}, {400, "PNG", good[:len(good)/2]}, {413, "2000×600", encode(t, large)},
		{413, "524288", asBMP.String()}, {413, "2000×600", asTIFF.String()}, {413, "2000×600", asGIF.String()},
		{413, "524288", strings.Repeat("x", maxImage+1)},
	} {
		r.refused(t, q.status, q.say, "POST", "/predict", q.body)
		r.refused(t, q.status, q.say, "POST", "/samples?class=a", q.body)
	}
	if len(r.sessions.byID) > 0 {
		t.Error("a session is kept of what was refused")
	}
	for _, kind := range []string{"", "a"} {
		for _, latest := range []string{"0", "-1", "x", "1.5", "99999999999999999999"} {
			r.refused(t, 400, "latest: found", "DELETE", "/samples?class="+kind+"&latest="+latest, "")
		}
	}
	var a samplesAnswer
	r.get(t, "POST", "/samples?class=a", good, &a)
	if r.get(t, "POST", "/samples?class=a", good, &a); !a.Copied || a.Samples[0].Count != 1 {
		t.Errorf("found %+v for the same photo again", a)
	}
	r.refused(t, 400, "is in class", "POST", "/samples?class=b", good)
	r.show(t, 1, 6, "cup")
	if r.get(t, "DELETE", "/samples?class=cup&latest=4", "", &a); a.Samples[1].Count != 2 {
		t.Errorf("found %+v after four were undone", a)
	}
	if r.get(t, "DELETE", "/samples?class=cup&latest=1000", "", &a); len(a.Samples) != 1 {
		t.Errorf("found %+v after more were undone than there were", a)
	}
}

// TestPhotoLimits fills a session by hand.
func TestPhotoLimits(t *testing.T) {
	file := make([]byte, maxBytes/maxPhotos)
	var full classes
	var err error
	for i := 0; err == nil; i++ {
		var more classes
		if more, _, err = full.with("a", sample{photo: &photo{file: file, sum: [32]byte{byte(i), byte(i >> 8)}}}); err == nil {
			full = more
		}
	}
	if full.total() != maxPhotos || !strings.Contains(err.Error(), fmt.Sprintf("found %d photos", maxPhotos)) {
		t.Errorf("found %d photos and %v", full.total(), err)
	}
	c, _, err := classes{}.with("a", sample{photo: &photo{file: make([]byte, maxBytes)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = c.with("b", sample{photo: &photo{file: file, sum: [32]byte{1}}}); err == nil || !strings.Contains(err.Error(), "32 MiB") {
		t.Errorf("found %v, expected a bound on the bytes", err)
	}
}

// TestLookedAt are the layers of a deep network that are looked at.
func TestLookedAt(t *testing.T) {
	for _, n := range []int{1, 4, maxSteps, maxSteps + 1, 50, 500} {
		at := lookedAt(n)
		if len(at) != min(n, maxSteps) || at[0] != 0 || at[len(at)-1] != n-1 || !slices.IsSorted(at) || len(slices.Compact(at)) != min(n, maxSteps) {
			t.Errorf("%d layers: found %v", n, at)
		}
	}
}
