// Pretrains a network on the digits 0 to 4, retrains its last two layers on 5 to 9,
// resumes that training, and uses what comes out.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
)

func main() {
	ctx := context.Background()
	all, test := must2(dataset.Open("sample", dataset.Options{}))
	low, high := must(all.Filter(dataset.Classes{"0", "1", "2", "3", "4"})), must(all.Filter(dataset.Classes{"5", "6", "7", "8", "9"}))
	test = must(test.Filter(dataset.Classes(high.Classes)))

	spec := must(model.DeepMNIST().WithClasses(5))
	pretrained := must(model.New(spec, low.Classes, low.Prep, rand.New(rand.NewPCG(1, 0))))
	must(transfer.Retrain(ctx, pretrained, low, transfer.Options{Select: model.All(), Solver: train.NewAdam(0.001), Train: train.Options{Epochs: 1}}))

	n := must(transfer.WithClasses(pretrained, high.Classes, model.Last(2), 1))
	saver := &train.Saver{Path: "checkpoint.safetensors", Every: must(train.ParseInterval("1epochs"))}
	opt := transfer.Options{Select: model.Last(2), Solver: train.NewMomentum(0.02, 0.9), Train: train.Options{Epochs: 2, Hook: saver}}
	opt.Start = func(t *train.Trainer) error { saver.Start(t, n); return nil }
	must(transfer.Retrain(ctx, n, high, opt))

	n, saved, _, err := train.ReadCheckpoint("checkpoint.safetensors")
	check(err)
	opt.Solver, opt.Train = train.NewMomentum(0.02, 0.9), train.Options{Epochs: 5} // three more
	opt.Start = func(t *train.Trainer) error { return t.Restore(saved) }
	result := must(transfer.Retrain(ctx, n, high, opt))
	check(weightfile.Write("retrained.safetensors", n))
	n = must(weightfile.Read("retrained.safetensors"))
	fmt.Println("frozen weights bit-identical:", result.FrozenIdentical)
	fmt.Printf("accuracy %.2f\n", must(transfer.Evaluate(ctx, n, must(n.Prepare(test)), transfer.Options{Select: model.Last(2)})).Accuracy())

	p := must(train.NewPredictor(n, 1))
	defer p.Close()
	file := must(os.Open("seven.png"))
	fmt.Println("seven.png:", must(p.Image(must(dataset.DecodeImage(file, "seven.png")))).Label)
	check(onnx.Write("retrained.onnx", n, onnx.Options{}))
}

func must[T any](v T, err error) T               { check(err); return v }
func must2[T, U any](v T, u U, err error) (T, U) { check(err); return v, u }
func check(err error) {
	if err != nil {
		panic(err)
	}
}
