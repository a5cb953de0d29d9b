package main

import (
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// pipelinePhotos is the number of photos in BenchmarkPipeline.
const pipelinePhotos = 1000

// BenchmarkPipeline computes the features of photos with a ResNet-18 of random weights,
// once from JPEG files of 500×375 and once from the same images, already prepared in
// memory. The ratio is the decoding cost that does not overlap with the trunk. Run it
// with -benchtime 5x.
func BenchmarkPipeline(b *testing.B) {
	dir := b.TempDir()
	for i := range pipelinePhotos {
		writePhoto(b, filepath.Join(dir, "train", []string{"a", "b"}[i%2], fmt.Sprintf("%04d.jpg", i)), uint64(i))
	}
	for _, class := range []string{"a", "b"} {
		writePhoto(b, filepath.Join(dir, "test", class, "1.jpg"), pipelinePhotos)
	}
	prep, err := dataset.Preset("torchvision", []int{3, 224, 224})
	smallnet.Must(b, err)
	photos, _, err := dataset.Open(dir, dataset.Options{Shape: []int{3, 224, 224}, Prep: prep})
	smallnet.Must(b, err)
	held := prepared{photos, make([]float32, pipelinePhotos*3*224*224)} // [N,3,224,224]
	indices := make([]int, pipelinePhotos)
	for i := range indices {
		indices[i] = i
	}
	photos.Gather(held.values, indices)
	spec, err := zoo.Spec("resnet18", 2, 224)
	smallnet.Must(b, err)
	n, err := model.Fresh(spec, photos, 1)
	smallnet.Must(b, err)
	trunk, err := feature.NewTrunk(n, model.Last(1))
	smallnet.Must(b, err)
	defer trunk.Close()
	pass := func(data dataset.Examples) float64 {
		start := time.Now()
		set, err := trunk.Features(b.Context(), data, feature.Options{})
		smallnet.Must(b, err)
		smallnet.Must(b, set.Close())
		return time.Since(start).Seconds()
	}
	pass(held) // builds the graph
	var files, memory []float64
	for b.Loop() {
		files, memory = append(files, pass(photos)), append(memory, pass(held))
	}
	b.ReportMetric(median(files), "s/files")
	b.ReportMetric(median(memory), "s/memory")
	b.ReportMetric(ratio(files, memory), "files/memory")
}

// prepared is a set of images as float32 values.
type prepared struct {
	*dataset.Set
	values []float32
}

func (p prepared) Gather(dst []float32, indices []int) {
	size := len(p.values) / p.Len()
	for i, index := range indices {
		copy(dst[i*size:(i+1)*size], p.values[index*size:(index+1)*size])
	}
}

// writePhoto writes a JPEG of about 60 kB with edges, gradients and noise.
func writePhoto(b *testing.B, path string, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewRGBA(image.Rect(0, 0, 500, 375))
	side, slope := 10+r.IntN(80), r.IntN(3)
	for y := range 375 {
		for x := range 500 {
			v := 60 + 80*((x/side+y/side)%2) + slope*y/10 + r.IntN(16)
			img.SetRGBA(x, y, color.RGBA{uint8(v), uint8(v * 3 / 4), uint8(255 - v), 255})
		}
	}
	smallnet.Must(b, os.MkdirAll(filepath.Dir(path), 0o755))
	f, err := os.Create(path)
	smallnet.Must(b, err)
	smallnet.Must(b, jpeg.Encode(f, img, &jpeg.Options{Quality: 90}))
	smallnet.Must(b, f.Close())
}
