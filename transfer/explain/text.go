package explain

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"gorgonia.org/tensor"
)

// String returns the report as three tables, and a fourth of the trace.
func (r Report) String() string {
	var b strings.Builder
	r.layers(&b)
	r.costs(&b)
	r.proof(&b)
	if r.Trace != nil {
		r.trace(&b)
	}
	return b.String()
}

func (r Report) layers(b *strings.Builder) {
	trained := "layer"
	if r.Last != 1 {
		trained = fmt.Sprintf("%d layers", r.Last)
	}
	fmt.Fprintf(b, "1. What is trained: the last %s\n\n", trained)
	table := newTable(-8, -8, -12, -12, 10, -19, -1)
	table.add("layer", "kind", "output", "kernel", "parameters", "  ", "  with the cut")
	for _, l := range r.Layers {
		kernel, parameters, state, computed := "", "", "", "each step"
		if l.Cached {
			computed = "once"
		}
		if l.Kernel != nil {
			kernel, parameters, state = fmt.Sprint(l.Kernel), fmt.Sprint(l.Parameters), "frozen, "+l.Enters
			if l.Trained {
				state = "trained, " + l.Enters
			}
			if l.Folded {
				state += ", folded into " + l.Node
			}
		}
		table.add(l.Name, l.Kind, fmt.Sprint(l.Output), kernel, parameters, "  "+state, "  "+computed)
	}
	table.print(b)
}

func (r Report) costs(b *strings.Builder) {
	fmt.Fprintf(b, "\n2. What a step of %d images costs (%s)\n\n", r.Batch, r.BLAS)
	table := newTable(-32, 11, 13, 22, 9, 9)
	table.add("way", "nodes with", "instructions", "multiply-adds an image", "MB", "ms")
	table.add("", "derivative", "fwd+bwd", "", "a step", "a step")
	for _, w := range r.Ways {
		table.add(w.Name, strconv.Itoa(len(w.Plan.WithDerivative)), fmt.Sprintf("%d+%d", w.Plan.Forward+w.Plan.Loads, w.Plan.Backward),
			fmt.Sprint(w.Plan.MultiplyAdds), fmt.Sprintf("%.1f", float64(w.Plan.Bytes)/1e6), fmt.Sprintf("%.2f", 1000*w.Seconds))
	}
	table.print(b)
	for _, w := range r.Ways {
		if w.Name == LastName(r.Last, false) {
			fmt.Fprintf(b, "\nWith a derivative:    %s\nWithout a derivative: %s\n", names(w.Plan.WithDerivative), names(w.Plan.WithoutDerivative))
		}
	}
}

func (r Report) proof(b *strings.Builder) {
	fmt.Fprint(b, "\n3. The proof: one step by each way, from the same weights, batch and dropout\n\n")
	fmt.Fprintf(b, "%-32s %30s   %s\n", "way", "largest difference of trained", "frozen weights")
	for _, w := range r.Ways {
		if d, ok := r.Proof.Differences[w.Name]; ok {
			state := "CHANGED, and should not have"
			if r.Proof.FrozenIdentical[w.Name] {
				state = "bit-identical"
			} else if w.Plan.Updates > len(r.Proof.Trained) {
				state = "changed: it trains them"
			}
			fmt.Fprintf(b, "%-32s %30g   %s\n", w.Name, d, state)
		}
	}
	fmt.Fprintf(b, "\nThe step moved a trained weight by up to %.3g. A difference of 0 means: restricting the\ngradient changes nothing but the cost, because the gradient of the trained weights\nnever depended on the gradients of the frozen ones.\n", r.Proof.LargestChange)
}

func (r Report) trace(b *strings.Builder) {
	fmt.Fprint(b, "\n4. One step, instruction by instruction\n\n")
	table := newTable(-16, -20, -18, 9, 12, 12)
	table.add("node", "computes", "shape", "ms", "norm", "gradient")
	for _, l := range r.Trace {
		gradient := ""
		if l.Gradient != nil {
			gradient = fmt.Sprintf("%.4g", *l.Gradient)
		}
		table.add(l.Node, l.Kind, fmt.Sprint(l.Output), fmt.Sprintf("%.3f", 1000*l.Seconds), fmt.Sprintf("%.4g", l.Norm), gradient)
	}
	table.print(b)
}

// LayerTable returns the layers that have weights as a table: which are trained,
// those with a weight named in trained, and which are frozen.
func LayerTable(spec model.Spec, trained []string) (string, error) {
	parameters, err := spec.Parameters()
	if err != nil {
		return "", err
	}
	state := map[string]string{}
	for _, name := range trained {
		state[model.LayerOf(name)] = "trained (variable)"
	}
	var b strings.Builder
	table := newTable(-8, -16, 10, -1)
	table.add("layer", "kernel", "parameters", "")
	for len(parameters) > 0 {
		first, count := parameters[0], 0
		for len(parameters) > 0 && parameters[0].Layer == first.Layer {
			count, parameters = count+tensor.Shape(parameters[0].Shape).TotalSize(), parameters[1:]
		}
		is := state[first.Layer]
		if is == "" {
			is = "frozen (constant)"
		}
		table.add(first.Layer, fmt.Sprint(first.Shape), strconv.Itoa(count), "  "+is)
	}
	table.print(&b)
	return b.String(), nil
}
