package feature_test

import (
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

// Photos read on demand have the same features as the same images in memory. The cache
// finds them by the files' content. Missing files give an error.
func TestFeaturesOfPhotos(t *testing.T) {
	dir := t.TempDir()
	for i := range 60 {
		img := image.NewGray(image.Rect(0, 0, 40, 30))
		for at := range img.Pix {
			img.Pix[at] = uint8(at * (i + 3))
		}
		path := filepath.Join(dir, []string{"a", "b"}[i%2], fmt.Sprintf("%02d.png", i))
		smallnet.Must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		f, err := os.Create(path)
		smallnet.Must(t, err)
		smallnet.Must(t, png.Encode(f, img))
		smallnet.Must(t, f.Close())
	}
	prep, err := dataset.Preset("torchvision", []int{3, 16, 16})
	smallnet.Must(t, err)
	open := func() *dataset.Set {
		photos, _, err := dataset.Open(dir, dataset.Options{Shape: []int{3, 16, 16}, Prep: prep})
		smallnet.Must(t, err)
		return photos
	}
	photos := open()
	spec := model.Spec{Input: []int{3, 16, 16}, Layers: []model.Layer{
		{Name: "conv", Kind: model.Conv{Out: 4, Kernel: model.Sides{3}, Stride: model.Sides{2}}},
		{Name: "fc", Kind: model.Dense{Out: 2}},
	}}
	trunk, err := feature.NewTrunk(smallnet.Of(spec, smallnet.Init(t, spec)), model.Last(1))
	smallnet.Must(t, err)
	defer trunk.Close()
	cache := t.TempDir()
	features := func(data *dataset.Set, opt feature.Options, from feature.Source) []float32 {
		t.Helper()
		set, err := trunk.Features(t.Context(), data, opt)
		smallnet.Must(t, err)
		defer set.Close()
		if set.Source != from {
			t.Errorf("found features from %s, expected %s", set.Source, from)
		}
		var all []int
		for i := range set.Len() {
			all = append(all, i)
		}
		x := make([]float32, len(all)*4*7*7)
		set.Gather(x, all)
		return x
	}
	want := features(photos, feature.Options{CacheDir: cache}, feature.Memory)
	var pixels []byte
	for i := range photos.Len() {
		pixels = append(pixels, photos.Image(i)...)
	}
	held, err := dataset.NewSet("held", photos.Shape, pixels, photos.Labels, photos.Classes, prep)
	smallnet.Must(t, err)
	if !slices.Equal(features(held, feature.Options{}, feature.Memory), want) {
		t.Error("found other features of the same images in memory")
	}
	first := photos.File(0)
	smallnet.Must(t, os.Rename(first, strings.TrimSuffix(first, ".png")+" renamed.png"))
	if !slices.Equal(features(open(), feature.Options{CacheDir: cache}, feature.Disk), want) {
		t.Error("found other features in the cache")
	}
	_, err = trunk.Features(t.Context(), photos, feature.Options{}) // their first file is gone
	if !errors.Is(err, dataset.ErrNotFound) || !strings.Contains(err.Error(), filepath.Base(first)) {
		t.Errorf("found %v, expected an error that names the photo", err)
	}
}
