package command

import (
	"context"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/testdata"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// demoFlags are the flags of demo.
type demoFlags struct {
	pretrain bool
	epochs   int
	seed     uint64
	data     string
}

func newDemo(g *globals) *cobra.Command {
	var d demoFlags
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole story on real MNIST, in a minute or so",
		Long: `demo takes convolutions that were trained on the digits 0 to 4, puts them into a
Gorgonia graph as constants, and retrains the two fully connected layers on the
digits 5 to 9, which the convolutions have never seen. It shows what was trained
and what was not, the accuracy before and after, and compares the bytes of the
frozen weights.`,
		Example: "  mnist demo\n  mnist demo --pretrain\n  mnist demo --data sample",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd, newOutput(cmd, g), d)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&d.pretrain, "pretrain", false, "train the convolutions on the digits 0 to 4 first, instead of taking those in the program")
	f.IntVar(&d.epochs, "epochs", 2, "passes over the training images of 5 to 9")
	f.Uint64Var(&d.seed, "seed", 1, "seed of all random numbers")
	f.StringVar(&d.data, "data", "mnist", "mnist, sample, or a folder of IDX files with the ten digits")
	return cmd
}

func runDemo(cmd *cobra.Command, out *output, d demoFlags) error {
	start, ctx := time.Now(), cmd.Context()
	if d.epochs < 1 {
		return usage(errors.Errorf("--epochs: found %d, expected from 1", d.epochs))
	}
	convolutions, err := d.convolutions(ctx, out)
	if err != nil {
		return err
	}
	digits := dataFlags{name: d.data, classes: dataset.Classes{"5", "6", "7", "8", "9"}}
	data, test, err := digits.open(ctx, out, d.seed)
	if err != nil {
		return err
	}
	data.Prep, test.Prep = convolutions.Prep, convolutions.Prep
	m, err := transfer.WithClasses(convolutions, data.Classes, model.Last(2), d.seed)
	if err != nil {
		return err
	}
	before, err := train.Evaluate(ctx, m, test)
	if err != nil {
		return err
	}
	out.text("\n1. The convolutions enter the graph as constants, fresh FC layers as variables\n")
	result, err := transfer.Retrain(ctx, m, data, transfer.Options{
		Select: model.Last(2), Solver: train.NewMomentum(0.02, 0.9), Seed: d.seed,
		Train:    train.Options{Epochs: d.epochs, Schedule: train.CosineRate, Hook: &progressHook{out: out}},
		Progress: out.images("frozen features"),
		Start: func(t *train.Trainer) error {
			err := out.layers(m.Spec, t.Net().TrainedWeights())
			out.text("\n2. gorgonia.Grad(loss, net.Trainable()...) names the variables and nothing else;\n   %d real digits 5 to 9, matrix products by %s\n", data.Len(), model.Kernel())
			return err
		},
	})
	if err != nil {
		return err
	}
	after, err := train.Evaluate(ctx, m, test)
	if err != nil {
		return err
	}
	out.text("\n3. What changed, and what did not\n")
	out.text("accuracy on %d test digits: %.4f before, %.4f after", after.Examples, before.Accuracy(), after.Accuracy())
	for _, name := range m.Weights.Names() {
		pretrained := convolutions.Weights.Get(name)
		if pretrained == nil {
			out.text("%-8s trained", name)
			continue
		}
		out.text("%-8s frozen: sha256 %.8x… before, %.8x… after", name, convolutions.Weights.Hash(name), m.Weights.Hash(name))
	}
	out.text("frozen weights bit-identical: %v   %.0f s in all", result.FrozenIdentical, time.Since(start).Seconds())
	return out.object(newDoneLine(after, result, start, ""))
}

// convolutions returns the network whose convolutions were trained on the
// digits 0 to 4: the one in the program, or one trained now.
func (d demoFlags) convolutions(ctx context.Context, out *output) (*model.Network, error) {
	if !d.pretrain {
		m, err := weightfile.DecodePartial(testdata.Convolutions, "the convolutions in this program")
		if err == nil {
			out.text("0. Convolutions trained on the digits 0 to 4, from this program\n   (made by: %s)", m.Meta["command"])
		}
		return m, err
	}
	out.text("0. The whole network is trained on the digits 0 to 4 first\n")
	digits := dataFlags{name: d.data, classes: dataset.Classes{"0", "1", "2", "3", "4"}}
	data, _, err := digits.open(ctx, out, d.seed)
	if err != nil {
		return nil, err
	}
	m, err := model.Fresh(model.DeepMNIST(), data, d.seed)
	if err != nil {
		return nil, err
	}
	_, err = transfer.Retrain(ctx, m, data, transfer.Options{Select: model.All(), NoCache: true, Solver: train.NewMomentum(0.02, 0.9), Seed: d.seed,
		Train: train.Options{Epochs: d.epochs, Schedule: train.CosineRate, Hook: &progressHook{out: out}}})
	m.Weights = transfer.Only(m.Weights, "conv1", "conv2")
	return m, err
}
