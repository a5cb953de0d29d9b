package explain

import (
	"fmt"
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
	fmt.Fprintf(b, "%-8s %-8s %-12s %-12s %10s   %-17s   %s\n", "layer", "kind", "output", "kernel", "parameters", "", "with the cut")
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
		}
		fmt.Fprintf(b, "%-8s %-8s %-12s %-12s %10s   %-17s   %s\n", l.Name, l.Kind, fmt.Sprint(l.Output), kernel, parameters, state, computed)
	}
}

func (r Report) costs(b *strings.Builder) {
	fmt.Fprintf(b, "\n2. What a step of %d images costs (%s)\n\n", r.Batch, r.BLAS)
	fmt.Fprintf(b, "%-32s %11s %13s %22s %9s %9s\n", "way", "nodes with", "instructions", "multiply-adds an image", "MB", "ms")
	fmt.Fprintf(b, "%-32s %11s %13s %22s %9s %9s\n", "", "derivative", "fwd+bwd", "", "a step", "a step")
	for _, w := range r.Ways {
		fmt.Fprintf(b, "%-32s %11d %13s %22d %9.1f %9.2f\n", w.Name, len(w.Plan.WithDerivative), fmt.Sprintf("%d+%d", w.Plan.Forward+w.Plan.Loads, w.Plan.Backward),
			w.Plan.MultiplyAdds, float64(w.Plan.Bytes)/1e6, 1000*w.Seconds)
	}
	for _, w := range r.Ways {
		if w.Name == LastName(r.Last, false) {
			fmt.Fprintf(b, "\nWith a derivative:    %v\nWithout a derivative: %v\n", w.Plan.WithDerivative, w.Plan.WithoutDerivative)
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
	fmt.Fprintf(b, "%-16s %-20s %-18s %9s %12s %12s\n", "node", "computes", "shape", "ms", "norm", "gradient")
	for _, l := range r.Trace {
		gradient := ""
		if l.Gradient != nil {
			gradient = fmt.Sprintf("%.4g", *l.Gradient)
		}
		fmt.Fprintf(b, "%-16s %-20s %-18s %9.3f %12.4g %12s\n", l.Node, l.Kind, fmt.Sprint(l.Output), 1000*l.Seconds, l.Norm, gradient)
	}
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
	fmt.Fprintf(&b, "%-8s %-16s %10s\n", "layer", "kernel", "parameters")
	for len(parameters) > 0 {
		first, count := parameters[0], 0
		for len(parameters) > 0 && parameters[0].Layer == first.Layer {
			count, parameters = count+tensor.Shape(parameters[0].Shape).TotalSize(), parameters[1:]
		}
		is := state[first.Layer]
		if is == "" {
			is = "frozen (constant)"
		}
		fmt.Fprintf(&b, "%-8s %-16s %10d   %s\n", first.Layer, fmt.Sprintf("%v", first.Shape), count, is)
	}
	return b.String(), nil
}
