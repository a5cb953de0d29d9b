package main

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/memory"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// network measures a network with random weights on images of noise, of 224×224 for a
// photo network, from float32 input to logits, for each batch size. With --out it writes the network for
// the peer instead.
func network(o options) (result, error) {
	spec, err := model.DeepMNIST(), error(nil)
	if o.arch != "deepmnist" {
		spec, err = zoo.Spec(o.arch, 1000, 224)
	}
	if err != nil {
		return nil, err
	}
	w, err := model.Init(spec, rand.New(rand.NewPCG(seed, seed)))
	if err != nil {
		return nil, err
	}
	n := smallnet.Of(spec, w)
	if o.out != "" {
		for i := range spec.Classes() {
			n.Classes = append(n.Classes, strconv.Itoa(i))
		}
		n.Prep = dataset.ImageNetPreprocessing(256, "bilinear")
		if spec.Input[0] == 1 {
			n.Prep = dataset.MNISTPreprocessing()
		}
		return result{"out": o.out}, onnx.Write(o.out, n, onnx.Options{})
	}
	r := result{"repeats": o.repeats, "blas": gemm.Name()}
	for _, field := range strings.Split(o.batches, ",") {
		batch, err := strconv.Atoi(field)
		if err != nil {
			return nil, errors.Wrap(err, "--batches")
		}
		seconds, err := forward(n, batch, o.repeats)
		if err != nil {
			return nil, err
		}
		r["seconds_"+field] = seconds / float64(batch)
		r[fmt.Sprintf("peak_%s_bytes", field)] = memory.Peak()
	}
	return r, nil
}

// forward returns the median seconds per batch, after two warm-up batches.
func forward(n *model.Network, batch, repeats int) (float64, error) {
	net, err := model.Build(n, model.None(), model.Batch(batch), model.ConstantWeights())
	if err != nil {
		return 0, err
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return 0, err
	}
	defer e.Close()
	images := smallnet.NewNoise(batch, n.Spec.Input...)
	indices := make([]int, batch)
	for i := range indices {
		indices[i] = i
	}
	runtime.GC() // what making the network left behind is not part of the measurement
	var times []float64
	for i := range 2 + repeats {
		start := time.Now()
		if _, err := e.Logits(images, indices); err != nil {
			return 0, err
		}
		if i >= 2 {
			times = append(times, time.Since(start).Seconds())
		}
	}
	return median(times), nil
}
