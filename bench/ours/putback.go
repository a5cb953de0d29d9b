package main

import (
	"slices"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
)

// putBack retrains the last layers by the original question's first idea: it saves the
// weights to keep, trains a step of the whole network, and restores them. Otherwise it
// does the same as `mnist retrain`.
func putBack(o options) (result, error) {
	if o.from == "" || o.out == "" {
		return nil, errors.New("expected --from and --out")
	}
	m, err := weightfile.Read(o.from)
	if err != nil {
		return nil, err
	}
	data, _, err := o.open()
	if err != nil {
		return nil, err
	}
	if m, err = transfer.WithClasses(m, data.Classes, model.Last(o.last), seed); err != nil {
		return nil, err
	}
	stay, err := others(m, model.Last(o.last))
	if err != nil {
		return nil, err
	}
	net, err := model.Build(m, model.All(), model.Batch(o.batch))
	if err != nil {
		return nil, err
	}
	trainer, err := train.New(net, train.NewMomentum(learningRate, momentum), seed)
	if err != nil {
		return nil, err
	}
	defer trainer.Close()
	start := time.Now()
	loss, err := stay.epochs(trainer, data, o)
	if err != nil {
		return nil, err
	}
	seconds := time.Since(start).Seconds() / float64(o.epochs)
	return result{"seconds": seconds, "epochs": o.epochs, "loss": loss, "blas": gemm.Name()}, weightfile.Write(o.out, m)
}

// kept are weights that must not change.
type kept struct {
	now, old [][]float32
}

// others returns the weights of the layers outside selection.
func others(n *model.Network, selection model.Selection) (*kept, error) {
	trained, err := selection.Resolve(n.Spec)
	if err != nil {
		return nil, err
	}
	k := &kept{}
	for _, name := range n.Weights.Names() {
		if slices.Contains(trained, model.LayerOf(name)) {
			continue
		}
		now := n.Weights.Get(name).Float32s()
		k.now, k.old = append(k.now, now), append(k.old, make([]float32, len(now)))
	}
	return k, nil
}

// epochs trains and returns the mean loss of the last epoch.
func (k *kept) epochs(trainer *train.Trainer, data *dataset.Set, o options) (float64, error) {
	batches, err := dataset.NewBatches(data.Len(), o.batch, seed)
	if err != nil {
		return 0, err
	}
	loss := 0.0
	for range o.epochs {
		loss = 0
		for last := false; !last; {
			var indices []int
			indices, last = batches.Next()
			for i := range k.now {
				copy(k.old[i], k.now[i])
			}
			r, err := trainer.Step(data, indices)
			if err != nil {
				return 0, err
			}
			for i := range k.now {
				copy(k.now[i], k.old[i])
			}
			loss += r.Loss * float64(len(indices)) / float64(data.Len())
		}
	}
	return loss, nil
}
