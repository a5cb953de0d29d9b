package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// inference measures a pass over the test images, from bytes to loss and number of
// correct answers, at several batch sizes.
func inference(o options) (result, error) {
	_, test, err := o.open()
	if err != nil {
		return nil, err
	}
	spec, w, test, err := o.network(test)
	if err != nil {
		return nil, err
	}
	byBatch := map[string]float64{}
	best, bestBatch := 0.0, 0
	var metrics train.Metrics
	for _, field := range strings.Split(o.batches, ",") {
		batch, err := strconv.Atoi(field)
		if err != nil {
			return nil, errors.Wrap(err, "--batches")
		}
		var seconds float64
		if seconds, metrics, err = passes(spec, w, test, batch, o.repeats); err != nil {
			return nil, err
		}
		byBatch[field] = seconds
		if bestBatch == 0 || seconds < best {
			best, bestBatch = seconds, batch
		}
	}
	return result{
		"seconds": best, "batch": bestBatch, "seconds_by_batch": byBatch, "examples": test.Len(),
		"images_per_second": float64(test.Len()) / best, "loss": metrics.Loss, "correct": metrics.Correct, "blas": gemm.Name(),
	}, nil
}

// passes returns the median time of a pass at this batch size, after one warm-up pass.
func passes(spec model.Spec, w *model.Weights, test *dataset.Set, batch, repeats int) (float64, train.Metrics, error) {
	var m train.Metrics
	net, err := model.Build(smallnet.Of(spec, w), model.None(), model.Batch(batch))
	if err != nil {
		return 0, m, err
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return 0, m, err
	}
	defer e.Close()
	var times []float64
	for i := range 1 + repeats {
		start := time.Now()
		if m, err = e.Evaluate(context.Background(), test); err != nil {
			return 0, m, err
		}
		if i > 0 {
			times = append(times, time.Since(start).Seconds())
		}
	}
	return median(times), m, nil
}

// latencyWarmUp is the number of images that are not counted.
const latencyWarmUp = 20

// latency measures one image, from bytes to logits, on a loaded network built for
// batches of one.
func latency(o options) (result, error) {
	_, test, err := o.open()
	if err != nil {
		return nil, err
	}
	spec, w, test, err := o.network(test)
	if err != nil {
		return nil, err
	}
	net, err := model.Build(smallnet.Of(spec, w), model.None(), model.Batch(1), model.ConstantWeights())
	if err != nil {
		return nil, err
	}
	e, err := train.NewEvaluator(net)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	var times []float64
	for i := range latencyWarmUp + o.repeats {
		start := time.Now()
		if _, err := e.Logits(test, []int{i % test.Len()}); err != nil {
			return nil, err
		}
		if i >= latencyWarmUp {
			times = append(times, time.Since(start).Seconds())
		}
	}
	return result{"seconds": median(times), "repeats": o.repeats, "blas": gemm.Name()}, nil
}
