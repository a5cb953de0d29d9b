package transfer_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// The files of testdata/old are of the program before networks were graphs, by
//
//	mnist --blas gonum retrain --from model.safetensors --last 1 --keep-head --data sample --limit 20 \
//	  --batch 4 --epochs 3 --solver adam --lr 0.01 --cache-dir cache \
//	  --checkpoint checkpoint.safetensors --every 7steps --out retrained.safetensors
const oldFiles = "../testdata/old"

func TestOldFiles(t *testing.T) {
	// Each kernel rounds in its own way: this one did the arithmetic in them.
	kernel := model.Kernel()
	must(t, model.UseKernel("gonum"))
	t.Cleanup(func() { must(t, model.UseKernel(kernel)) })

	data, test := sample(t, 20, 500)
	want, err := weightfile.Read(filepath.Join(oldFiles, "retrained.safetensors"))
	must(t, err)
	metrics, err := transfer.Evaluate(t.Context(), want, test, transfer.Options{Select: model.Last(1)})
	must(t, err)
	if metrics.Correct != 163 || metrics.Loss < 1.85055 || metrics.Loss > 1.85057 {
		t.Errorf("evaluated, found %d right and loss %.6f, expected 163 and 1.850563", metrics.Correct, metrics.Loss)
	}

	// The bytes are those of this processor's family; elsewhere the last bits differ.
	bound := 0.0
	if runtime.GOARCH != "amd64" {
		bound = 1e-5
	}
	options := transfer.Options{
		Select: model.Last(1), Batch: 4, Seed: 1, Train: train.Options{Epochs: 3, Schedule: train.CosineRate},
		CacheDir: t.TempDir(), Warn: func(m string) { t.Error("found a warning:", m) },
	}
	must(t, os.CopyFS(options.CacheDir, os.DirFS(filepath.Join(oldFiles, "cache"))))

	t.Run("checkpoint", func(t *testing.T) {
		n, saved, _, err := train.ReadCheckpoint(filepath.Join(oldFiles, "checkpoint.safetensors"))
		must(t, err)
		options := options
		options.Start = func(trainer *train.Trainer) error { return trainer.Restore(saved) }
		options.Solver = train.NewAdam(0.01)
		_, err = transfer.Retrain(t.Context(), n, data, options)
		must(t, err)
		if d := difference(n.Weights, want.Weights); d > bound {
			t.Errorf("resumed, found a difference of %g from what the training gave, expected %g at most", d, bound)
		}
	})
	t.Run("cache", func(t *testing.T) {
		n, err := weightfile.Read(filepath.Join(oldFiles, "model.safetensors"))
		must(t, err)
		options.Solver = train.NewAdam(0.01)
		result, err := transfer.Retrain(t.Context(), n, data, options)
		must(t, err)
		if result.Features != feature.Disk {
			t.Errorf("found features from %q, expected %q", result.Features, feature.Disk)
		}
		if d := difference(n.Weights, want.Weights); d > bound {
			t.Errorf("found a difference of %g from what the training gave, expected %g at most", d, bound)
		}
	})
	t.Run("stale cache", func(t *testing.T) {
		n, err := weightfile.Read(filepath.Join(oldFiles, "model.safetensors"))
		must(t, err)
		w := n.Weights.Get("conv1/b").Float32s()
		w[0]++
		n.Weights.SetValues("conv1/b", []int{len(w)}, w)
		options.Solver = train.NewAdam(0.01)
		result, err := transfer.Retrain(t.Context(), n, data, options)
		must(t, err)
		if result.Features == feature.Disk {
			t.Error("found the features of other weights taken from the cache, expected them computed")
		}
	})
}
