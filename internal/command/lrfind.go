package command

import (
	"cmp"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

func newLRFind(g *globals) *cobra.Command {
	var u run
	test := &train.RangeTest{}
	cmd := &cobra.Command{
		Use:   "lr-find",
		Short: "Find a learning rate for train or retrain",
		Long: `lr-find trains for some steps while the learning rate rises from --lr-min to --lr-max,
and watches the loss: a learning rate range test (Smith 2017, arXiv:1506.01186).
It suggests the rate at which the loss fell most steeply, and draws both. It ends
early when the loss exceeds four times its minimum. The layers are chosen as
in retrain. Without --from they are all layers of a fresh network, as in train;
--arch names it. No weights are written.`,
		Example: g.example("lr-find --from digits.safetensors --last 2 --classes 5-9\nlr-find --data sample --solver adam --out adam.png",
			"lr-find --from mobilenet.onnx --prepare tf --data photos/\nlr-find --arch mobilenet_v2 --data photos/ --solver adam --out adam.png"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			u.cmd, u.out = cmd, newOutput(cmd, g)
			return u.findRate(test)
		},
	}
	f := cmd.Flags()
	f.IntVar(&test.Steps, "steps", 100, "number of steps")
	f.Float64Var(&test.Min, "lr-min", 1e-5, "learning rate of the first step")
	f.Float64Var(&test.Max, "lr-max", 1, "learning rate of the last step")
	f.StringVar(&u.t.out, "out", "lr-find.svg", "picture to draw, .svg or .png")
	u.r.addSelection(cmd)
	u.data.add(cmd, g.Program)
	u.data.addLimit(cmd)
	u.t.addSolver(cmd)
	return cmd
}

// foundLine is the last line of lr-find in --json.
type foundLine struct {
	Done      bool     `json:"done"`
	Suggested float64  `json:"suggested_learning_rate"`
	Steps     int      `json:"steps"`
	Out       string   `json:"out"`
	Trained   []string `json:"trained"`
}

func (u run) findRate(test *train.RangeTest) error {
	out, t := u.out, &u.t
	t.Rate, t.Epochs, t.Schedule = test.Min, 1, "constant" // which the test decides
	err := cmp.Or(
		usage(errors.WithMessage(test.Validate(), "--lr-min, --lr-max, --steps")), t.checkRecipe(), t.checkOut(),
		usage(errors.Wrap(picture.CheckName(t.out, ".svg", ".png"), "--out")),
		apart(namedFile{flag: "--out", path: t.out, written: true}, namedFile{flag: "--from", path: u.r.from}, namedFile{flag: "--cache-dir", path: u.r.dir, written: true}))
	if err != nil {
		return err
	}
	u.r.fresh = u.r.from == ""
	if name := given(u.cmd, "from", "labels", "features-from", "last", "train", "keep-head", "cache-memory", "cache-dir", "no-cache"); name != "" && u.r.fresh {
		return usage(errors.Errorf("--%s: expected --from, the file of a trained network; without it all layers of a fresh network are tested", name))
	}
	if u.r.fresh {
		if err := u.r.said.named(u.out.program); err != nil {
			return err
		}
	}
	w, err := u.prepare(u.r.selection())
	if err != nil {
		return err
	}
	data, opt, err := transfer.Follow(&t.Recipe, w.data)
	if err != nil {
		return usage(err)
	}
	opt.Select = u.r.selection()
	u.r.features(&opt, out)
	test.Each = func(p train.RangePoint) error {
		out.bar("lr-find", "steps", int64(test.Steps)).set(int64(p.Step))
		return out.object(p)
	}
	var trained []string
	opt.Start = func(trainer *train.Trainer) error {
		trained = trainer.Net().TrainedWeights()
		return out.layers(w.model.Spec, trained)
	}
	out.note("%s, %s; matrix products by %s", u.data.name, data, model.Kernel())
	suggested, err := transfer.FindRate(u.cmd.Context(), w.model, data, opt, test)
	if err != nil {
		return err
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
