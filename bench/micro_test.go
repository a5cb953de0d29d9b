package main

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/train"
	"gorgonia.org/gorgonia"
)

// sample returns test images, their indices, and the seed network's weights.
func sample(b *testing.B, n int) (*dataset.Set, []int, *model.Weights) {
	b.Helper()
	gorgonia.Use(gemm.BLAS())
	data, _, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		b.Fatal(err)
	}
	w, err := model.Init(model.DeepMNIST(), rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		b.Fatal(err)
	}
	indices := make([]int, n)
	for i := range indices {
		indices[i] = i * 7 % data.Len()
	}
	return data, indices, w
}

// BenchmarkForward runs one batch through the whole network, from bytes to logits. A
// batch of one measures latency.
func BenchmarkForward(b *testing.B) {
	for _, batch := range []int{1, 64, 250} {
		b.Run(strconv.Itoa(batch), func(b *testing.B) {
			data, indices, w := sample(b, batch)
			net, err := model.Build(smallnet.Of(model.DeepMNIST(), w), model.None(), model.Batch(batch), model.ConstantWeights())
			if err != nil {
				b.Fatal(err)
			}
			e, err := train.NewEvaluator(net)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Logits(data, indices); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(batch)*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}

// BenchmarkGather gathers 64 scattered images and converts their bytes to float32.
func BenchmarkGather(b *testing.B) {
	data, indices, _ := sample(b, 64)
	dst := make([]float32, len(indices)*28*28) // [64,1,28,28]
	b.ReportAllocs()
	for b.Loop() {
		data.Gather(dst, indices)
	}
}

// BenchmarkSolver updates all weights from gradients that already exist.
func BenchmarkSolver(b *testing.B) {
	for _, solver := range []*train.Solver{
		train.NewSGD(1e-6), train.NewMomentum(1e-6, 0.9), train.NewAdam(1e-6),
	} {
		b.Run(solver.Name(), func(b *testing.B) {
			data, indices, w := sample(b, 8)
			net, err := model.Build(smallnet.Of(model.DeepMNIST(), w), model.All(), model.Batch(8))
			if err != nil {
				b.Fatal(err)
			}
			t, err := train.New(net, solver, 1)
			if err != nil {
				b.Fatal(err)
			}
			defer t.Close()
			if _, err := t.Gradients(data, indices); err != nil {
				b.Fatal(err)
			}
			model := gorgonia.NodesToValueGrads(net.Trainable())
			b.ReportAllocs()
			for b.Loop() {
				if err := solver.Step(model); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNetwork runs one batch through a photo network with random weights, from
// float32 input to logits.
func BenchmarkNetwork(b *testing.B) {
	for _, arch := range []string{"resnet18", "resnet50", "vgg16", "mobilenet_v2", "squeezenet1_1"} {
		for _, batch := range []int{1, 8} {
			b.Run(arch+"/"+strconv.Itoa(batch), func(b *testing.B) {
				spec, err := zoo.Spec(arch, 1000, 224)
				if err != nil {
					b.Fatal(err)
				}
				w, err := model.Init(spec, rand.New(rand.NewPCG(1, 1)))
				if err != nil {
					b.Fatal(err)
				}
				net, err := model.Build(smallnet.Of(spec, w), model.None(), model.Batch(batch), model.ConstantWeights())
				if err != nil {
					b.Fatal(err)
				}
				e, err := train.NewEvaluator(net)
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				data := smallnet.NewNoise(batch, 3, 224, 224)
				indices := make([]int, batch)
				for i := range indices {
					indices[i] = i
				}
				if _, err := e.Logits(data, indices); err != nil {
					b.Fatal(err)
				}
				for b.Loop() {
					if _, err := e.Logits(data, indices); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(1e3*b.Elapsed().Seconds()/float64(b.N*batch), "ms/image")
			})
		}
	}
}
