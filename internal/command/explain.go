package command

import (
	"fmt"
	"path/filepath"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	from  string
	last  int
	batch int
	steps int
	trace bool
	graph string
	nodes bool
}

func newExplain(g *globals) *cobra.Command {
	data := dataFlags{}
	var e explainFlags
	cmd := &cobra.Command{
		Use:   "explain",
		Short: "Show what retraining only the last layers really does",
		Long: `explain builds the graphs that would train the network and reads off them which
nodes carry a derivative and what a step costs, makes one step by each way from
the same weights and the same batch, and compares the results.`,
		Example: "  mnist explain --from digits.safetensors --last 1\n  mnist explain --from digits.safetensors --last 2 --graph retrain.svg\n  mnist explain --from digits.safetensors --last 2 --trace --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runExplain(cmd, newOutput(cmd, g), data, e)
		},
	}
	f := cmd.Flags()
	f.StringVar(&e.from, "from", "", "file of the trained network")
	f.IntVar(&e.last, "last", 1, "the last N layers that have weights are the ones to train")
	f.IntVar(&e.batch, "batch", 64, "images a step")
	f.IntVar(&e.steps, "steps", 11, "steps of each way that are timed")
	f.BoolVar(&e.trace, "trace", false, "print one step instruction by instruction")
	f.StringVar(&e.graph, "graph", "", "draw the graph into this .svg, .png or .dot file")
	f.BoolVar(&e.nodes, "nodes", false, "draw every node, not every layer (.dot only)")
	data.add(cmd)
	data.name = "sample"
	f.Lookup("data").DefValue = data.name
	return cmd
}

// explainLine is all of explain in --json.
type explainLine struct {
	Last   int               `json:"last"`
	Layers []model.LayerInfo `json:"layers"`
	Ways   []explain.Cost    `json:"ways"`
	Proof  explain.Proof     `json:"proof"`
	Trace  []train.TraceLine `json:"trace,omitempty"`
	BLAS   string            `json:"blas"`
	Batch  int               `json:"batch"`
}

// explainSeed is that of the training images that are opened: none is drawn.
const explainSeed = 1

func runExplain(cmd *cobra.Command, out *output, d dataFlags, e explainFlags) (err error) {
	if e.from == "" {
		return usage(errors.New("--from: no file given; make one with 'mnist train'"))
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
	m, err := weightfile.Read(e.from)
	if err != nil {
		return err
	}
	if err := d.suits(cmd, m); err != nil {
		return err
	}
	data, _, err := d.open(cmd.Context(), out, explainSeed)
	if err != nil {
		return err
	}
	if data, _, err = d.as(data, m, out); err != nil {
		return err
	}
	c, err := explain.Compare(cmd.Context(), m, data, e.last, e.batch)
	if errors.Is(err, model.ErrSelection) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	defer func() {
		if closing := c.Close(); err == nil {
			err = closing
		}
	}()
	line := explainLine{Last: e.last, BLAS: gemm.Name(), Batch: c.Batch(), Layers: c.Layers()}
	if e.graph != "" {
		g, err := picture.Of(c.Restricted())
		if err != nil {
			return err
		}
		write := g.Write
		if e.nodes {
			write = g.WriteNodes
		}
		if err := write(e.graph); err != nil {
			return err
		}
		out.note("graph drawn to %s", e.graph)
	}
	if line.Proof, err = c.Prove(); err != nil {
		return err
	}
	if err := c.Time(cmd.Context(), e.steps, func(done int) { out.bar("time steps", "rounds", int64(e.steps)).set(int64(done)) }); err != nil {
		return err
	}
	line.Ways = c.Costs()
	if e.trace {
		if line.Trace, err = c.Trace(); err != nil {
			return err
		}
	}
	explainText(out, line)
	return out.object(line)
}

// checkGraph looks at the flags of the drawing.
func (e explainFlags) checkGraph() error {
	switch {
	case e.nodes && e.graph == "":
		return errors.New("--nodes: found no --graph, expected --graph FILE.dot beside it")
	case e.nodes && filepath.Ext(e.graph) != ".dot":
		return errors.Errorf("--nodes: found %q, expected a .dot file, to be laid out by Graphviz", e.graph)
	case e.graph == "":
		return nil
	}
	return errors.Wrap(picture.CheckName(e.graph, ".svg", ".png", ".dot"), "--graph")
}

func explainText(out *output, line explainLine) {
	out.text("1. What is trained: the last %s\n", plural(line.Last, "layer"))
	out.text("%-8s %-8s %-12s %-12s %10s   %-17s   %s", "layer", "kind", "output", "kernel", "parameters", "", "with the cut")
	for _, l := range line.Layers {
		kernel, parameters, state, computed := "", "", "", "each step"
		if l.Cached {
			computed = "once"
		}
		if l.Kernel != nil {
			kernel, parameters, state = fmt.Sprint(l.Kernel), fmt.Sprint(l.Parameters), "frozen, "+l.Enters
			if l.Trained {
				state = "trained, " + l.Enters
			}
		}
		out.text("%-8s %-8s %-12s %-12s %10s   %-17s   %s", l.Name, l.Kind, fmt.Sprint(l.Output), kernel, parameters, state, computed)
	}
	out.text("\n2. What a step of %d images costs (%s)\n", line.Batch, line.BLAS)
	out.text("%-32s %11s %13s %22s %9s %9s", "way", "nodes with", "instructions", "multiply-adds an image", "MB", "ms")
	out.text("%-32s %11s %13s %22s %9s %9s", "", "derivative", "fwd+bwd", "", "a step", "a step")
	for _, w := range line.Ways {
		out.text("%-32s %11d %13s %22d %9.1f %9.2f", w.Name, len(w.Plan.WithDerivative), fmt.Sprintf("%d+%d", w.Plan.Forward+w.Plan.Loads, w.Plan.Backward),
			w.Plan.MultiplyAdds, float64(w.Plan.Bytes)/1e6, 1000*w.Seconds)
	}
	for _, w := range line.Ways {
		if w.Name == explain.LastName(line.Last, false) {
			out.text("\nWith a derivative:    %v\nWithout a derivative: %v", w.Plan.WithDerivative, w.Plan.WithoutDerivative)
		}
	}
	out.text("\n3. The proof: one step by each way, from the same weights, batch and dropout\n")
	out.text("%-32s %30s   %s", "way", "largest difference of trained", "frozen weights")
	for _, w := range line.Ways {
		if d, ok := line.Proof.Differences[w.Name]; ok {
			state := "CHANGED, and should not have"
			if line.Proof.FrozenIdentical[w.Name] {
				state = "bit-identical"
			} else if w.Plan.Updates > len(line.Proof.Trained) {
				state = "changed: it trains them"
			}
			out.text("%-32s %30g   %s", w.Name, d, state)
		}
	}
	out.text("\nThe step moved a trained weight by up to %.3g. A difference of 0 means: restricting the\ngradient changes nothing but the cost, because the gradient of the trained weights\nnever depended on the gradients of the frozen ones.", line.Proof.LargestChange)
	traceText(out, line.Trace)
}

func traceText(out *output, lines []train.TraceLine) {
	if lines == nil {
		return
	}
	out.text("\n4. One step, instruction by instruction\n")
	out.text("%-16s %-20s %-18s %9s %12s %12s", "node", "computes", "shape", "ms", "norm", "gradient")
	for _, l := range lines {
		gradient := ""
		if l.Gradient != nil {
			gradient = fmt.Sprintf("%.4g", *l.Gradient)
		}
		out.text("%-16s %-20s %-18s %9.3f %12.4g %12s", l.Node, l.Kind, fmt.Sprint(l.Output), 1000*l.Seconds, l.Norm, gradient)
	}
}

func plural(n int, thing string) string {
	if n == 1 {
		return thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
