package main

import (
	"math/rand/v2"
	"runtime/pprof"
	"time"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/train"
)

// block measures a training step of the layers of --train in a photo network, on images
// of noise of 224×224. The frozen layers run in each step; nothing is cached.
func block(o options) (result, error) {
	spec, err := zoo.Spec(o.arch, 1000, 224)
	if err != nil {
		return nil, err
	}
	w, err := model.Init(spec, rand.New(rand.NewPCG(seed, seed)))
	if err != nil {
		return nil, err
	}
	net, err := model.Build(smallnet.Of(spec, w), model.Layers(o.train), model.Batch(o.batch))
	if err != nil {
		return nil, err
	}
	trainer, err := train.New(net, train.NewMomentum(learningRate, momentum), seed)
	if err != nil {
		return nil, err
	}
	defer trainer.Close()
	images, indices := smallnet.NewNoise(o.batch, 3, 224, 224), make([]int, o.batch)
	for i := range indices {
		indices[i] = i
	}
	var times []float64
	for i := range warmUp + o.steps {
		if i == warmUp {
			if err := o.startProfile(); err != nil {
				return nil, err
			}
		}
		start := time.Now()
		if _, err := trainer.Step(images, indices); err != nil {
			return nil, err
		}
		if i >= warmUp {
			times = append(times, time.Since(start).Seconds())
		}
	}
	pprof.StopCPUProfile()
	return result{"seconds": median(times), "steps": len(times), "blas": gemm.Name(), "trained": net.TrainedLayers()}, nil
}
