package command

import (
	"cmp"
	"path/filepath"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	from string
	sourceFlags
	last  int
	batch int
	steps int
	trace bool
	graph string
	nodes bool
	imageFlags
}

func newExplain(g *globals) *cobra.Command {
	data := dataFlags{}
	var e explainFlags
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Show what retraining only the last layers really does",
		Long: `explain builds the graphs that would train the network. It reads off them which
nodes carry a derivative and what a step costs, makes one step in each way from the
same weights and the same batch, and compares the results.

--image shows something else: which part of an image speaks for a class. Where the
network averages the pixels of its last features and a linear layer follows, as in
ResNet and MobileNet, the map is exact: its mean and the bias are the logit.
Elsewhere it is Grad-CAM, by the gradient, which shows where, not how much.`,
		Example: g.example("explain --from digits.safetensors --last 1\nexplain --from digits.safetensors --last 2 --graph retrain.svg\nexplain --from digits.safetensors --last 2 --trace --json\nexplain --from digits.safetensors --image three.png --map three-map.png",
			"explain --from mobilenet.onnx --prepare tf --data photos/ --last 1 --batch 16\nexplain --from mine.safetensors --data photos/ --last 2 --batch 16 --graph retrain.svg\nexplain --from mine.safetensors --image new.jpg --class cat --map cat-map.png"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runExplain(cmd, newOutput(cmd, g), data, e)
		},
	}
	f := cmd.Flags()
	f.StringVar(&e.from, "from", "", formats)
	e.sourceFlags.add(cmd)
	f.IntVar(&e.last, "last", 1, "train the last N layers that have weights")
	f.IntVar(&e.batch, "batch", 64, "images per step")
	f.IntVar(&e.steps, "steps", 11, "steps to time in each way; fewer take less time")
	f.BoolVar(&e.trace, "trace", false, "print one step instruction by instruction")
	f.StringVar(&e.graph, "graph", "", "draw the graph into this .svg, .png or .dot file")
	f.BoolVar(&e.nodes, "nodes", false, "draw every node, not every layer (.dot only)")
	e.imageFlags.add(cmd)
	data.add(cmd, g.Program)
	if named := cmd.PreRunE; named != nil {
		cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
			if e.image != "" {
				return nil // an image is enough
			}
			return named(cmd, args)
		}
	}
	if g.mnist {
		data.name = "sample"
		f.Lookup("data").DefValue = data.name
	}
	return cmd
}

func runExplain(cmd *cobra.Command, out *output, d dataFlags, e explainFlags) (err error) {
	if e.from == "" {
		return out.program.noNetwork("from")
	}
	if err := e.imageFlags.check(cmd); err != nil {
		return usage(err)
	}
	if e.image != "" {
		return runExplainImage(cmd, out, e)
	}
	if e.batch < 1 || e.batch > 4096 || e.steps < 1 || e.steps > 10000 {
		return usage(errors.Errorf("found --batch %d --steps %d, expected a batch of 1 to 4096 and 1 to 10000 steps", e.batch, e.steps))
	}
	if err := e.checkGraph(); err != nil {
		return usage(err)
	}
	if err := apart(namedFile{flag: "--graph", path: e.graph, written: true}, namedFile{flag: "--from", path: e.from}); err != nil {
		return err
	}
	m, err := e.open(cmd.Context(), out, e.from)
	if err != nil {
		return err
	}
	data, _, _, err := d.openFor(cmd, out, m, false)
	if err != nil {
		return err
	}
	c, err := explain.Compare(cmd.Context(), m, data, e.last, e.batch)
	if errors.Is(err, model.ErrSelection) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	defer func() { err = cmp.Or(err, c.Close()) }()
	if asked := min(e.batch, data.Len()); c.Batch() < asked {
		out.note("steps of %d images, not %d: with more, the values of the whole network would take over 2 GiB", c.Batch(), asked)
	}
	if e.graph != "" {
		if err := picture.WriteGraph(e.graph, c.Restricted(), e.nodes); err != nil {
			return err
		}
		out.note("graph drawn to %s", e.graph)
	}
	report, err := c.Report(cmd.Context(), e.steps, e.trace, func(done, of int) {
		out.bar("compare", "steps", int64(of)).set(int64(done))
	})
	if err != nil {
		return err
	}
	out.lines(report.String())
	return out.object(report)
}

// checkGraph looks at the flags of the drawing.
func (e explainFlags) checkGraph() error {
	switch {
	case e.nodes && e.graph == "":
		return errors.New("--nodes: found no --graph, expected --graph FILE.dot too")
	case e.nodes && filepath.Ext(e.graph) != ".dot":
		return errors.Errorf("--nodes: found %q, expected a .dot file, to be laid out by Graphviz", e.graph)
	case e.graph == "":
		return nil
	}
	return errors.Wrap(picture.CheckName(e.graph, ".svg", ".png", ".dot"), "--graph")
}
