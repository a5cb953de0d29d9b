package command

import (
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

func newShow(g *globals) *cobra.Command {
	const others = "show mobilenet.onnx --labels labels.txt --prepare tf\nshow resnet18.pth --arch resnet18 --json\nshow hf:timm/resnet18.a1_in1k"
	var source sourceFlags
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show what network a file holds",
		Long: `show prints the layers of a network with their shapes, parameters and
multiply-adds for one image, how its images are prepared, and its classes. FILE is
the ` + formats + `.`,
		Example: g.example("show digits.safetensors\n"+others, others),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(errors.Errorf("found %d arguments, expected FILE; see '%s --help'", len(args), cmd.CommandPath()))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runShow(cmd, newOutput(cmd, g), args[0], source)
		},
	}
	source.add(cmd)
	source.addFeatures(cmd, "show the network only up to this layer")
	return cmd
}

// showLine is the result of show in --json.
type showLine struct {
	File string `json:"file"`
	explain.Summary
	Preprocessing dataset.Preprocessing `json:"preprocessing"`
	Classes       []string              `json:"classes"`
}

func runShow(cmd *cobra.Command, out *output, file string, source sourceFlags) error {
	r, err := source.look(cmd.Context(), out, file)
	if err != nil {
		return err
	}
	n := r.Network
	summary, err := explain.Summarise(n.Spec)
	if err != nil {
		return err
	}
	out.lines(summary.String())
	out.lines(foreign.Describe(n))
	return out.object(showLine{file, summary, n.Prep, n.Classes})
}
