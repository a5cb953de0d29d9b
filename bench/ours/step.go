package main

import (
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// warmUp is the number of steps that are not counted. The first one allocates all
// memory.
const warmUp = 2

// step measures a training step of the whole network, from the images' bytes to the
// updated weights, and its allocation.
func step(o options) (result, error) {
	data, _, err := o.open()
	if err != nil {
		return nil, err
	}
	spec, w, data, err := o.network(data)
	if err != nil {
		return nil, err
	}
	net, err := model.Build(smallnet.Of(spec, w), model.All(), model.Batch(o.batch))
	if err != nil {
		return nil, err
	}
	trainer, err := train.New(net, train.NewMomentum(learningRate, momentum), seed)
	if err != nil {
		return nil, err
	}
	defer trainer.Close()
	batches, err := dataset.NewBatches(data.Len(), o.batch, seed)
	if err != nil {
		return nil, err
	}
	m := meter{}
	loss := 0.0
	for i := range warmUp + o.steps {
		if i == warmUp {
			if err := o.startProfile(); err != nil {
				return nil, err
			}
		}
		indices, _ := batches.Next()
		m.begin()
		r, err := trainer.Step(data, indices)
		m.end(i >= warmUp)
		if err != nil {
			return nil, err
		}
		loss = r.Loss
	}
	pprof.StopCPUProfile()
	return m.result(gemm.Name(), loss), nil
}

// startProfile starts the CPU profile of --cpuprofile. The file is complete when the
// profile is stopped, and is closed when the process ends.
func (o options) startProfile() error {
	if o.profile == "" {
		return nil
	}
	f, err := os.Create(o.profile)
	if err != nil {
		return errors.Wrap(err, "--cpuprofile")
	}
	return pprof.StartCPUProfile(f)
}

// meter collects the cost of the steps. It reads the memory statistics outside the
// measured time.
type meter struct {
	start  time.Time
	before runtime.MemStats
	times  []float64 // seconds of each counted step
	bytes  uint64    // allocated by these steps
	allocs uint64
}

func (m *meter) begin() {
	runtime.ReadMemStats(&m.before)
	m.start = time.Now()
}

func (m *meter) end(counts bool) {
	seconds := time.Since(m.start).Seconds()
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	if counts {
		m.times = append(m.times, seconds)
		m.bytes += after.TotalAlloc - m.before.TotalAlloc
		m.allocs += after.Mallocs - m.before.Mallocs
	}
}

func (m *meter) result(blas string, loss float64) result {
	n := float64(len(m.times))
	return result{
		"seconds": median(m.times), "steps": len(m.times), "blas": blas, "loss": loss,
		"bytes_per_step": float64(m.bytes) / n, "allocations_per_step": float64(m.allocs) / n,
	}
}

// median returns the middle value, or the mean of the two middle ones.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return 0
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
