package main

import (
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model/reference"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// stock measures the same step with Gorgonia's own operators and solver and gonum's
// matrix products. Only Gorgonia's work counts: the batch is bound and the dropout mask
// drawn beforehand.
func stock(o options) (result, error) {
	data, _, err := o.open()
	if err != nil {
		return nil, err
	}
	spec, w, data, err := o.network(data)
	if err != nil {
		return nil, err
	}
	net, err := reference.Build(spec, w, o.batch, tensor.Float32)
	if err != nil {
		return nil, err
	}
	if err := net.Grad(w.Names()...); err != nil {
		return nil, err
	}
	weights, err := net.Nodes(w.Names()...)
	if err != nil {
		return nil, err
	}
	if err := net.SetMask("drop", halfMask(o.batch*1024)); err != nil {
		return nil, err
	}
	machine := gorgonia.NewTapeMachine(net.Graph(), gorgonia.BindDualValues(weights...))
	defer func() { _ = machine.Close() }()
	solver := gorgonia.NewMomentum(gorgonia.WithLearnRate(learningRate), gorgonia.WithMomentum(momentum))
	batches, err := dataset.NewBatches(data.Len(), o.batch, seed)
	if err != nil {
		return nil, err
	}
	images := make([]float32, o.batch*28*28) // [N,1,28,28]
	labels := make([]int, o.batch)
	m := meter{}
	for i := 0; i < warmUp+o.steps; {
		indices, _ := batches.Next()
		if len(indices) < o.batch {
			continue // the graph only accepts full batches
		}
		data.Gather(images, indices)
		for j, index := range indices {
			labels[j] = data.Label(index)
		}
		if err := net.SetImages(images); err != nil {
			return nil, err
		}
		if err := net.SetLabels(labels); err != nil {
			return nil, err
		}
		m.begin()
		if err := machine.RunAll(); err != nil {
			return nil, errors.Wrap(err, "run the graph")
		}
		if err := solver.Step(gorgonia.NodesToValueGrads(weights)); err != nil {
			return nil, errors.Wrap(err, "solver")
		}
		machine.Reset()
		m.end(i >= warmUp)
		i++
	}
	loss, err := reference.Values(net.Loss.Value())
	if err != nil {
		return nil, err
	}
	return m.result("gonum", loss[0]), nil
}

// halfMask is a dropout mask of 0 and 2 with equal probability.
func halfMask(n int) []float32 {
	rng := rand.New(rand.NewPCG(seed, seed))
	mask := make([]float32, n)
	for i := range mask {
		mask[i] = float32(2 * rng.IntN(2))
	}
	return mask
}
