package command

import (
	"fmt"
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

// layerTable prints which layers are trained, before the training.
func layerTable(out *output, spec model.Spec, trained []string) error {
	parameters, err := spec.Parameters()
	if err != nil {
		return err
	}
	out.text("%-8s %-16s %10s", "layer", "kernel", "parameters")
	for len(parameters) > 0 {
		first, count, state := parameters[0], 0, "frozen (constant)"
		for len(parameters) > 0 && parameters[0].Layer == first.Layer {
			if slices.Contains(trained, parameters[0].Name) {
				state = "trained (variable)"
			}
			count, parameters = count+product(parameters[0].Shape), parameters[1:]
		}
		out.text("%-8s %-16s %10d   %s", first.Layer, fmt.Sprintf("%v", first.Shape), count, state)
	}
	return nil
}

func product(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}
