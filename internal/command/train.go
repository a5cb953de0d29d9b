package command

import (
	"github.com/spf13/cobra"
)

func newTrain(g *globals) *cobra.Command {
	out := "trained.safetensors"
	if g.mnist {
		out = "mnist.safetensors"
	}
	u := run{r: retrainFlags{fresh: true, noCache: true}}
	cmd := &cobra.Command{
		Use:     "train",
		Short:   "Train the whole network",
		Long:    "train makes a fresh network and trains all of its layers.",
		Example: g.example("train --classes 0-4 --epochs 5 --out digits.safetensors\ntrain --data sample --epochs 3 --json", "train --arch mobilenet_v3_small --data photos/ --epochs 90"),
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			u.cmd, u.out = cmd, newOutput(cmd, g)
			if u.r.saved.resume == "" {
				if err := u.r.said.named(g.Program); err != nil {
					return err
				}
			}
			return u.bySteps()
		},
	}
	u.data.add(cmd, g.Program)
	u.r.said.addFresh(cmd)
	u.data.addLimit(cmd)
	u.t.add(cmd, out)
	u.r.saved.add(cmd)
	return cmd
}
