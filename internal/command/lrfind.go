package command

import (
	"context"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

func newLRFind(g *globals) *cobra.Command {
	var data dataFlags
	var t trainingFlags
	var r retrainFlags
	test := train.RangeTest{}
	cmd := &cobra.Command{
		Use:   "lr-find",
		Short: "Find a learning rate for train or retrain",
		Long: `lr-find makes some steps at a learning rate that rises from --lr-min to --lr-max,
and watches the loss: a learning rate range test (Smith 2017, arXiv:1506.01186).
It suggests the rate at which the loss fell most steeply, and draws both. It ends
early when the loss is beyond four times its smallest. The layers are chosen as
in retrain; without --from they are all of a fresh network, as in train. No
weights are written.`,
		Example: "  mnist lr-find --from digits.safetensors --last 2 --classes 5-9\n  mnist lr-find --data sample --solver adam --out adam.png",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runLRFind(cmd, newOutput(cmd, g), data, t, r, test)
		},
	}
	f := cmd.Flags()
	f.IntVar(&test.Steps, "steps", 100, "steps to make")
	f.Float64Var(&test.Min, "lr-min", 1e-5, "learning rate of the first step")
	f.Float64Var(&test.Max, "lr-max", 1, "learning rate of the last step")
	f.StringVar(&t.out, "out", "lr-find.svg", "picture to draw, .svg or .png")
	r.addSelection(cmd)
	data.add(cmd)
	data.addLimit(cmd)
	t.addSolver(cmd)
	return cmd
}

// rangeLine is one step of lr-find in --json.
type rangeLine struct {
	Step         int     `json:"step"`
	LearningRate float64 `json:"learning_rate"`
	Loss         float64 `json:"loss"`
	Smoothed     float64 `json:"smoothed_loss"`
}

// foundLine is the last line of lr-find in --json.
type foundLine struct {
	Done      bool     `json:"done"`
	Suggested float64  `json:"suggested_learning_rate"`
	Steps     int      `json:"steps"`
	Out       string   `json:"out"`
	Trained   []string `json:"trained"`
}

func runLRFind(cmd *cobra.Command, out *output, d dataFlags, t trainingFlags, r retrainFlags, test train.RangeTest) error {
	ctx := cmd.Context()
	if err := test.Validate(); err != nil {
		return usage(errors.WithMessage(err, "--lr-min, --lr-max, --steps"))
	}
	t.Rate, t.Epochs, t.Schedule = test.Min, 1, "constant" // which the test decides
	if err := t.checkRecipe(); err != nil {
		return err
	}
	if err := t.checkOut(); err != nil {
		return err
	}
	if err := picture.CheckName(t.out, ".svg", ".png"); err != nil {
		return usage(errors.Wrap(err, "--out"))
	}
	if err := apart(namedFile{flag: "--out", path: t.out, written: true}, namedFile{flag: "--from", path: r.from}, namedFile{flag: "--cache-dir", path: r.dir, written: true}); err != nil {
		return err
	}
	data, m, selection, err := r.rangeTested(cmd, out, d, t.Seed)
	if err != nil {
		return err
	}
	test.Each = func(p train.RangePoint) error {
		out.bar("lr-find", "steps", int64(test.Steps)).set(int64(p.Step))
		return out.object(rangeLine{p.Step, p.Rate, p.Loss, p.Smoothed})
	}
	opt := r.options(out, selection)
	opt.Batch, opt.Seed = t.Batch, t.Seed
	if opt.Solver, err = t.NewSolver(); err != nil {
		return usage(err)
	}
	var trained []string
	opt.Start = func(trainer *train.Trainer) error {
		trained = trainer.Net().TrainedWeights()
		return layerTable(out, m.Spec, trained)
	}
	perEpoch := (data.Len() + t.Batch - 1) / t.Batch
	opt.Train = train.Options{Epochs: test.Steps/perEpoch + 1, Schedule: test.Schedule, Hook: &test}
	out.note("%s, %s; matrix products by %s", d.name, describe(data), gemm.Name())
	// The weights are trained in memory and forgotten.
	_, err = transfer.Retrain(ctx, m, data, opt)
	if !errors.Is(err, train.ErrRangeTested) && !errors.Is(err, train.ErrDiverged) {
		return err
	}
	suggested, unknown := test.Suggest()
	switch {
	case unknown != nil && errors.Is(err, train.ErrDiverged):
		return err
	case unknown != nil:
		return unknown
	}
	drawn, err := picture.RangeTest(test.Points(), suggested)
	if err != nil {
		return err
	}
	if err := drawn.Write(t.out); err != nil {
		return err
	}
	out.text("suggested learning rate: %.2g, where the loss fell most steeply in %d steps; drawn in %s", suggested, len(test.Points()), t.out)
	return out.object(foundLine{true, suggested, len(test.Points()), t.out, trained})
}

// rangeTested returns what the test trains: the layers that retrain would, or
// all of a fresh network.
func (r retrainFlags) rangeTested(cmd *cobra.Command, out *output, d dataFlags, seed uint64) (*dataset.Set, *model.Network, model.Selection, error) {
	if r.from != "" {
		work, err := r.prepare(cmd.Context(), out, d, seed, r.selection())
		if err != nil {
			return nil, nil, model.Selection{}, err
		}
		return work.data, work.model, r.selection(), nil
	}
	for _, name := range []string{"from", "last", "train", "keep-head", "cache-memory", "cache-dir", "no-cache"} {
		if cmd.Flags().Changed(name) {
			return nil, nil, model.Selection{}, usage(errors.Errorf("--%s: expected --from, the file of a trained network; without one all layers of a fresh network are tested", name))
		}
	}
	return freshData(cmd.Context(), out, d, seed)
}

// freshData returns the training images and a fresh network for them.
func freshData(ctx context.Context, out *output, d dataFlags, seed uint64) (*dataset.Set, *model.Network, model.Selection, error) {
	data, _, err := d.open(ctx, out, seed)
	if err != nil {
		return nil, nil, model.Selection{}, err
	}
	m, err := freshNetwork(data, seed)
	return data, m, model.All(), err
}
