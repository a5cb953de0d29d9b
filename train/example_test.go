package train_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// The whole story on two thousand real digits: train all layers on the digits
// 0 to 4, then the dense layers alone on 5 to 9. The convolutions are
// constants of the second graph, and end as they began.
func Example() {
	digits, test, err := dataset.Open("sample", dataset.Options{})
	check(err)
	part := func(set *dataset.Set, classes ...string) *dataset.Set {
		set, err := set.Filter(classes)
		check(err)
		return set
	}
	spec := model.Spec{
		Input: []int{1, 28, 28},
		Layers: []model.Layer{
			{Name: "conv1", Kind: model.Conv{Out: 8, Kernel: model.Sides{5}, Stride: model.Sides{1}, Pad: model.Sides{2}}}, // [8,28,28]
			{Name: "relu1", Kind: model.ReLU{}},
			{Name: "pool1", Kind: model.MaxPool{Kernel: model.Sides{4}, Stride: model.Sides{4}}}, // [8,7,7]
			{Name: "fc1", Kind: model.Dense{Out: 32}},                                            // [32]
			{Name: "relu2", Kind: model.ReLU{}},
			{Name: "drop", Kind: model.Dropout{Rate: 0.25}},
			{Name: "fc2", Kind: model.Dense{Out: 5}}, // [5]
		},
	}
	weights, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	check(err)

	// fit trains the selected layers and returns the accuracy on other digits.
	fit := func(selection model.Selection, data, test *dataset.Set) float64 {
		net, err := model.Build(smallnet.Of(spec, weights), selection, model.Batch(32))
		check(err)
		solver := train.NewMomentum(0.02, 0.9)
		trainer, err := train.New(net, solver, 1) // 1 is the seed
		check(err)
		defer trainer.Close()
		check(trainer.Fit(context.Background(), data, train.Options{Epochs: 4, Schedule: train.CosineRate}))
		fmt.Println(data.Len(), "digits, trained:", net.TrainedWeights())

		evaluation, err := net.ForEvaluation(100) // shares the weights
		check(err)
		evaluator, err := train.NewEvaluator(evaluation)
		check(err)
		defer evaluator.Close()
		m, err := evaluator.Evaluate(context.Background(), test)
		check(err)
		return m.Accuracy()
	}
	accuracy := fit(model.All(), part(digits, "0", "1", "2", "3", "4"), part(test, "0", "1", "2", "3", "4"))
	fmt.Println("more than nine of ten right:", accuracy > 0.9)

	before := weights.Hash("conv1/W")
	accuracy = fit(model.Last(2), part(digits, "5", "6", "7", "8", "9"), part(test, "5", "6", "7", "8", "9"))
	fmt.Println("more than four of five right:", accuracy > 0.8)
	fmt.Println("conv1/W bit-identical:", weights.Hash("conv1/W") == before)
	// Output:
	// 1000 digits, trained: [conv1/W conv1/b fc1/W fc1/b fc2/W fc2/b]
	// more than nine of ten right: true
	// 1000 digits, trained: [fc1/W fc1/b fc2/W fc2/b]
	// more than four of five right: true
	// conv1/W bit-identical: true
}

// A hook is told of every step and epoch, and can end the training.
func ExampleHook() {
	digits, test, err := dataset.Open("sample", dataset.Options{})
	check(err)
	spec := model.Spec{Input: []int{1, 28, 28}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense{Out: 10}}}}
	weights, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	check(err)
	net, err := model.Build(smallnet.Of(spec, weights), model.All(), model.Batch(64))
	check(err)
	trainer, err := train.New(net, train.NewAdam(0.002), 1)
	check(err)
	defer trainer.Close()
	err = trainer.Fit(context.Background(), digits, train.Options{Epochs: 2, Validation: test, Patience: 5, Hook: lines{}})
	check(err)
	// Output:
	// step 16 of 64: 64 images
	// step 32 of 64: 16 images
	// epoch 1 of 2: 2000 images trained on, 500 validated
	// step 48 of 64: 64 images
	// step 64 of 64: 16 images
	// epoch 2 of 2: 2000 images trained on, 500 validated
}

// lines prints a line for every sixteenth step and for every epoch.
type lines struct{}

func (lines) Step(r train.StepReport) error {
	if r.Step%16 == 0 {
		fmt.Printf("step %d of %d: %d images\n", r.Step, r.Of, r.Examples)
	}
	return nil
}

func (lines) Epoch(r train.EpochReport) error {
	fmt.Printf("epoch %d of %d: %d images trained on, %d validated\n", r.Epoch, r.Of, r.Examples, r.Validation.Examples)
	return nil
}

// A schedule is a factor on the learning rate, by step.
func ExampleCosineRate() {
	for step := 0; step <= 8; step += 2 {
		fmt.Printf("%.2f ", train.CosineRate(step, 8))
	}
	// Output: 1.00 0.85 0.50 0.15 0.00
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
