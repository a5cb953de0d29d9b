package feature_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// photoNet is a small photo network.
func photoNet(t testing.TB) *model.Network {
	t.Helper()
	spec := model.Spec{Input: []int{3, 16, 16}, Layers: []model.Layer{
		{Name: "conv", Kind: model.Conv{Out: 4, Kernel: model.Sides{3}, Stride: model.Sides{2}}},
		{Name: "fc", Kind: model.Dense{Out: 2}},
	}}
	n := smallnet.Of(spec, smallnet.Init(t, spec))
	var err error
	n.Prep, err = dataset.Preset("torchvision", spec.Input)
	must(t, err)
	n.Classes = []string{"x", "y"}
	return n
}

func trunkOf(t testing.TB, n *model.Network) *feature.Trunk {
	t.Helper()
	trunk, err := feature.NewTrunk(n, model.Last(1))
	must(t, err)
	t.Cleanup(func() { must(t, trunk.Close()) })
	return trunk
}

// photoFolder writes n photos of two classes and a file that is not a photo.
func photoFolder(t testing.TB, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		writePhoto(t, filepath.Join(dir, []string{"a", "b"}[i%2], fmt.Sprintf("%02d.png", i)), i+3)
	}
	must(t, os.WriteFile(filepath.Join(dir, "a", "notes.txt"), []byte("none"), 0o644))
	return dir
}

func writePhoto(t testing.TB, path string, seed int) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 40, 30))
	for at := range img.Pix {
		img.Pix[at] = uint8(at * seed)
	}
	var b bytes.Buffer
	must(t, png.Encode(&b, img))
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, b.Bytes(), 0o644))
}

// writeShares writes the features of a folder in several shards and returns the files.
func writeShares(t testing.TB, trunk *feature.Trunk, folder, dir string, of int) []string {
	t.Helper()
	var paths []string
	for i := 1; i <= of; i++ {
		path := filepath.Join(dir, fmt.Sprintf("part-%d-of-%d.features", i, of))
		_, err := trunk.WriteShare(t.Context(), path, folder, feature.Shard{Index: i, Of: of}, dataset.Options{})
		must(t, err)
		paths = append(paths, path)
	}
	return paths
}

// TestShards compares the sets and features of any number of shards with those of the
// folder.
func TestShards(t *testing.T) {
	folder, dir := photoFolder(t, 30), t.TempDir()
	n := photoNet(t)
	trunk := trunkOf(t, n)
	train, test, err := dataset.Open(folder, dataset.Options{Shape: n.Spec.Input, Prep: n.Prep})
	must(t, err)
	whole, err := trunk.Features(t.Context(), train, feature.Options{})
	must(t, err)
	defer whole.Close()
	for _, of := range []int{1, 3, 40} { // with 40, some are empty
		writeShares(t, trunk, folder, dir, of)
		s, err := feature.Open(filepath.Join(dir, fmt.Sprintf("part-*-of-%d.features", of)))
		must(t, err)
		defer s.Close()
		if s.Len() != 30 || s.Missing() != 1 {
			t.Errorf("%d shards: found %d images, %d missing, expected 30 and 1, the text", of, s.Len(), s.Missing())
		}
		again, testAgain, err := s.Sets(folder, n, model.Last(1), dataset.Options{})
		must(t, err)
		if again.Hash() != train.Hash() || testAgain.Hash() != test.Hash() {
			t.Errorf("%d shards: found other training or test images than in the folder", of)
		}
		known, err := trunk.Features(t.Context(), again, feature.Options{})
		must(t, err)
		if known.Source != feature.Files || known.InMemory() != 0 {
			t.Errorf("%d shards: found features from %s, %d bytes in memory", of, known.Source, known.InMemory())
		}
		for i := range whole.Len() {
			if !slices.Equal(known.Row(i), whole.Row(i)) || known.Label(i) != whole.Label(i) {
				t.Errorf("%d shards: image %d: found other features or another label", of, i)
			}
		}
		gathered, size := make([]float32, 2*len(whole.Row(0))), len(whole.Row(0))
		known.Gather(gathered, []int{3, 1})
		if !slices.Equal(gathered[:size], whole.Row(3)) || !slices.Equal(gathered[size:], whole.Row(1)) {
			t.Errorf("%d shards: gathered other rows", of)
		}
		if _, ok := known.Block(0, 1); ok {
			t.Errorf("%d shards: found a block of a file, which may be truncated", of)
		}
		if _, err := trunk.Features(t.Context(), dataset.NewAugmented(again, dataset.Augmentation{Flip: true}, 1), feature.Options{}); err == nil {
			t.Errorf("%d shards: found no error for changed images", of)
		}
	}
}

// TestOpenRefuses opens feature files that are damaged or do not belong together.
func TestOpenRefuses(t *testing.T) {
	folder, dir := photoFolder(t, 20), t.TempDir()
	n := photoNet(t)
	trunk := trunkOf(t, n)
	good := writeShares(t, trunk, folder, dir, 2)
	changed := func(name string, change func(*feature.Header, *feature.Row)) string {
		path := filepath.Join(dir, name)
		origin, err := trunk.Origin()
		must(t, err)
		var listing feature.Listing
		_, err = dataset.ListFolder(folder, func(path string) bool { listing.Add(path); return false }, dataset.Options{})
		must(t, err)
		h := feature.Header{Origin: origin, Shard: feature.Shard{Index: 2, Of: 2}, Classes: []string{"a", "b"}, Listing: listing}
		row := feature.Row{Path: "a/1.png", Values: make([]float32, 4*7*7)}
		for i := 0; !h.Shard.Holds(row.Path); i++ {
			row.Path = fmt.Sprintf("a/%d.png", i)
		}
		change(&h, &row)
		must(t, feature.WriteFile(path, h, func(w *feature.Writer) error { return w.Append(row) }))
		return path
	}
	content, err := os.ReadFile(good[1])
	must(t, err)
	damaged := func(name string, change func([]byte) []byte) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, change(slices.Clone(content)), 0o644))
		return path
	}
	same := changed("same.features", func(*feature.Header, *feature.Row) {})
	s, err := feature.Open(good[0], same)
	must(t, err) // so that only the change below can cause an error
	must(t, s.Close())
	for _, test := range []struct {
		reason string
		paths  []string
		says   string
	}{
		{"none", nil, "no feature files"},
		{"no file of that name", []string{filepath.Join(dir, "none-*.features")}, "none-*.features: found no such file"},
		{"a shard missing", good[:1], "missing 2/2"},
		{"a shard twice", append([]string{same}, good...), "found shard 2/2 twice"},
		{"another network", []string{good[0], changed("net.features", func(h *feature.Header, _ *feature.Row) { h.Network = strings.Repeat("0", 64) })}, "network"},
		{"another cut", []string{good[0], changed("cut.features", func(h *feature.Header, _ *feature.Row) { h.Layers = []string{"fc"} })}, "cut at layer: found fc, expected conv"},
		{"another preprocessing", []string{good[0], changed("prep.features", func(h *feature.Header, _ *feature.Row) { h.Prep.Photo.Mean[1] = 0.25 })}, "preprocessing"},
		{"another kernel", []string{good[0], changed("kernel.features", func(h *feature.Header, _ *feature.Row) { h.Kernel = "abacus" })}, "kernel of the matrix products: found abacus"},
		{"another number of shards", []string{good[0], changed("three.features", func(h *feature.Header, r *feature.Row) { h.Shard = feature.ShardOf(r.Path, 3) })}, "expected one of 2"},
		{"other classes", []string{good[0], changed("classes.features", func(h *feature.Header, _ *feature.Row) { h.Classes = []string{"a", "c"} })}, "classes: found a, c, expected a, b"},
		{"a folder that has changed", []string{good[0], changed("list.features", func(h *feature.Header, _ *feature.Row) { h.Listing.Add("a/new.png") })}, "listing"},
		{"another version", []string{good[0], changed("version.features", func(h *feature.Header, _ *feature.Row) { h.Version++ })}, "version"},
		{"cut off", []string{good[0], damaged("short.features", func(b []byte) []byte { return b[:len(b)-1] })}, "damaged"},
		{"hardly begun", []string{good[0], damaged("begun.features", func(b []byte) []byte { return b[:20] })}, "damaged"},
		{"empty", []string{good[0], damaged("empty.features", func(b []byte) []byte { return nil })}, "something else"},
		{"one bit of a value", []string{good[0], damaged("value.features", func(b []byte) []byte { b[100] ^= 1; return b })}, "damaged"},
		{"one bit of the header", []string{good[0], damaged("header.features", func(b []byte) []byte { b[len(b)-100] ^= 1; return b })}, "damaged"},
		{"something else", []string{filepath.Join(folder, "a", "00.png")}, "something else"},
		{"a folder", []string{folder}, "no regular file"},
	} {
		_, err := feature.Open(test.paths...)
		if !errors.Is(err, feature.ErrShard) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: found the error %v, expected an ErrShard that says %q", test.reason, err, test.says)
		} else if len(test.paths) == 2 && !strings.Contains(err.Error(), filepath.Base(test.paths[1])) {
			t.Errorf("%s: found the error %v, expected one that names %s", test.reason, err, test.paths[1])
		}
	}
	s, err = feature.Open(good...)
	must(t, err)
	defer s.Close()
	for _, test := range []struct {
		reason string
		change func(*model.Network)
		says   string
	}{
		{"another network", func(n *model.Network) { n.Weights.Get("conv/b").Float32s()[0]++ }, "network"},
		{"another preprocessing", func(n *model.Network) { n.Prep.Photo.Std[0] = 0.5 }, "preprocessing"},
	} {
		other := n.Clone()
		test.change(other)
		if _, _, err := s.Sets("x", other, model.Last(1), dataset.Options{}); !errors.Is(err, feature.ErrShard) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s than the files': found the error %v, expected an ErrShard that says %q", test.reason, err, test.says)
		}
	}
	if _, _, err := s.Sets("x", n, model.All(), dataset.Options{}); !errors.Is(err, feature.ErrShard) {
		t.Errorf("all layers trained: found the error %v, expected an ErrShard", err)
	}
}

// TestErrorsPrintable: no error has bytes of a file's name that a terminal obeys.
func TestErrorsPrintable(t *testing.T) {
	n := photoNet(t)
	trunk := trunkOf(t, n)
	good := read(t, writeShares(t, trunk, photoFolder(t, 4), t.TempDir(), 2)[0])
	path := filepath.Join(t.TempDir(), "\x1b[2J\n.features")
	other := n.Clone()
	other.Weights.Get("conv/b").Float32s()[0]++
	for _, test := range []struct {
		reason  string
		content []byte
	}{{"something else", []byte("none")}, {"damaged", good[:100]}, {"one of two", good}, {"nothing", nil}} {
		if err := os.WriteFile(path, test.content, 0o644); err != nil {
			t.Skip("no such names here:", err)
		}
		if _, err := feature.Open(path); !errors.Is(err, feature.ErrShard) || !strings.Contains(err.Error(), `\x1b[2J\n.features`) || strings.ContainsAny(err.Error(), "\x1b\n") {
			t.Errorf("%s: found the error %q, expected one that names the file, escaped", test.reason, err)
		}
	}
	if _, err := feature.Open(path + "-*"); !errors.Is(err, feature.ErrShard) || strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("no file: found the error %q, expected an ErrShard without control characters", err)
	}
}

// TestWriterRefuses appends rows that are invalid for the file.
func TestWriterRefuses(t *testing.T) {
	origin, err := trunkOf(t, photoNet(t)).Origin()
	must(t, err)
	h := feature.Header{Origin: origin, Shard: feature.Shard{Index: 1, Of: 1}, Classes: []string{"a"}}
	good := feature.Row{Path: "a/1.png", Values: make([]float32, 4*7*7)}
	w, err := feature.NewWriter(&bytes.Buffer{}, h)
	must(t, err)
	must(t, w.Append(good))
	for _, test := range []struct {
		reason string
		change func(*feature.Row)
	}{
		{"a path twice", func(*feature.Row) {}},
		{"no path", func(r *feature.Row) { r.Path = "" }},
		{"a path from the root", func(r *feature.Row) { r.Path = "/a" }},
		{"a path not in UTF-8", func(r *feature.Row) { r.Path = "a/\xff" }},
		{"a label beyond the classes", func(r *feature.Row) { r.Path, r.Label = "b", 1 }},
		{"a negative label", func(r *feature.Row) { r.Path, r.Label = "b", -1 }},
		{"no half", func(r *feature.Row) { r.Path, r.Half = "b", 3 }},
		{"too few features", func(r *feature.Row) { r.Path, r.Values = "b", r.Values[1:] }},
		{"a feature that is no number", func(r *feature.Row) {
			r.Path, r.Values = "b", slices.Clone(r.Values)
			r.Values[3] /= r.Values[3]
		}},
	} {
		row := good
		test.change(&row)
		if err := w.Append(row); !errors.Is(err, feature.ErrShard) {
			t.Errorf("%s: found the error %v, expected an ErrShard", test.reason, err)
		}
	}
	wide := h
	wide.Images = []int{3, 512, 512}
	if _, err := feature.NewWriter(&bytes.Buffer{}, wide); !errors.Is(err, feature.ErrShard) || !strings.Contains(err.Error(), "resize") {
		t.Errorf("images larger than the preprocessing makes: found the error %v, expected an ErrShard", err)
	}
	h.Shard.Index = 2
	if _, err := feature.NewWriter(&bytes.Buffer{}, h); !errors.Is(err, feature.ErrShard) {
		t.Errorf("shard 2 of 1: found the error %v, expected an ErrShard", err)
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}

// TestPhotos runs a trunk over photos in memory, one of them damaged.
func TestPhotos(t *testing.T) {
	folder := photoFolder(t, 6)
	n := photoNet(t)
	trunk := trunkOf(t, n)
	set, _, err := dataset.Open(folder, dataset.Options{Shape: n.Spec.Input, Prep: n.Prep})
	must(t, err)
	whole, err := trunk.Features(t.Context(), set, feature.Options{})
	must(t, err)
	defer whole.Close()
	photos := []feature.Photo{{Name: "bad", Content: []byte("none")}}
	for i := range set.Len() {
		photos = append(photos, feature.Photo{Name: set.File(i), Content: read(t, set.File(i))})
	}
	must(t, trunk.Photos(t.Context(), photos))
	if photos[0].Err == nil || photos[0].Values != nil || !strings.Contains(photos[0].Err.Error(), "bad") {
		t.Errorf("found the error %v for a damaged photo, expected one that names it", photos[0].Err)
	}
	for i, p := range photos[1:] {
		if p.Err != nil || !slices.Equal(p.Values, whole.Row(i)) || p.Sum != sha256.Sum256(p.Content) {
			t.Errorf("photo %d: found the error %v, or other features than of the set", i, p.Err)
		}
	}
	must(t, trunk.Photos(t.Context(), nil))
	var none *feature.Trunk
	if err := none.Photos(t.Context(), photos); !errors.Is(err, model.ErrNetwork) {
		t.Errorf("no trunk: found the error %v, expected an ErrNetwork", err)
	}
	if err := trunk.Photos(t.Context(), photos[:1]); err != nil || photos[0].Err == nil {
		t.Errorf("a damaged photo alone: found the errors %v and %v, expected that of the photo", err, photos[0].Err)
	}
}

// TestShard parses shards and makes sure that the shard of an image never changes:
// otherwise files of two versions would miss some images and repeat others.
func TestShard(t *testing.T) {
	for text, want := range map[string]feature.Shard{"1/1": {Index: 1, Of: 1}, "3/16": {Index: 3, Of: 16}} {
		if s, err := feature.ParseShard(text); err != nil || s != want {
			t.Errorf("%s: found %v and the error %v", text, s, err)
		}
	}
	for _, text := range []string{"", "3", "0/4", "5/4", "1/0", "-1/4", "01/4", "1/4 ", "1/4/5", "1/2000000", "x/y"} {
		if _, err := feature.ParseShard(text); !errors.Is(err, feature.ErrShard) {
			t.Errorf("%q: found the error %v, expected an ErrShard", text, err)
		}
	}
	for path, want := range map[string]int{"cat/1.jpg": 9, "dog/ä.png": 3} {
		if s := feature.ShardOf(path, 16); s.Index != want || !s.Holds(path) {
			t.Errorf("%s: found shard %s, expected %d/16", path, s, want)
		}
	}
}

// FuzzParseShard parses damaged files.
func FuzzParseShard(f *testing.F) {
	n := photoNet(f)
	trunk := trunkOf(f, n)
	path := writeShares(f, trunk, photoFolder(f, 4), f.TempDir(), 1)[0]
	content := read(f, path)
	f.Add(content)
	f.Add(content[:100])
	origin, err := trunk.Origin()
	must(f, err)
	var empty bytes.Buffer
	w, err := feature.NewWriter(&empty, feature.Header{Origin: origin, Shard: feature.Shard{Index: 1, Of: 1}, Classes: []string{"a"}})
	must(f, err)
	must(f, w.Close())
	f.Add(empty.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, signed := range []bool{false, true} { // ignoring the digest lets the parser read more
			if err := feature.ParseShardFile(b, signed); err != nil && !errors.Is(err, feature.ErrShard) {
				t.Errorf("found the error %v, expected an ErrShard", err)
			}
		}
	})
}

// TestKernelIsTold trains a head with another kernel than the one that computed the
// features.
func TestKernelIsTold(t *testing.T) {
	n := photoNet(t)
	trunk := trunkOf(t, n)
	origin, err := trunk.Origin()
	must(t, err)
	origin.Kernel = "abacus"
	path := filepath.Join(t.TempDir(), "part")
	h := feature.Header{Origin: origin, Shard: feature.Shard{Index: 1, Of: 1}, Classes: []string{"a", "b"}}
	must(t, feature.WriteFile(path, h, func(w *feature.Writer) error {
		for i := range 8 {
			row := feature.Row{Path: fmt.Sprint(i), Label: i % 2, Values: make([]float32, 4*7*7)}
			row.Sum[0] = byte(i * 30)
			must(t, w.Append(row))
		}
		return nil
	}))
	s, err := feature.Open(path)
	must(t, err)
	defer s.Close()
	var said []string
	_, _, err = s.Sets("x", n, model.Last(1), dataset.Options{Warn: func(message string) { said = append(said, message) }})
	must(t, err)
	if len(said) == 0 || !strings.Contains(said[0], "abacus") {
		t.Errorf("found the warnings %q, expected one that names the kernel", said)
	}
}
