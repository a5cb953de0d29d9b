package command

import (
	"github.com/spf13/cobra"
)

func newTrain(g *globals) *cobra.Command {
	u := run{r: retrainFlags{fresh: true, noCache: true}}
	cmd := &cobra.Command{
		Use:     "train",
		Short:   "Train the whole network",
		Long:    "train makes a fresh network and trains all of its layers.",
		Example: "  mnist train --classes 0-4 --epochs 5 --out digits.safetensors\n  mnist train --data sample --epochs 3 --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			u.cmd, u.out = cmd, newOutput(cmd, g)
			return u.bySteps()
		},
	}
	u.data.add(cmd)
	u.data.addLimit(cmd)
	u.t.add(cmd, "mnist.safetensors")
	u.r.saved.add(cmd)
	return cmd
}
