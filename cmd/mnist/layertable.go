package main

import (
	"fmt"
	"slices"

	"github.com/lastlayer/lastlayer/model"
)

// layerTable prints which layers are trained, before the training.
func layerTable(out *output, spec model.Spec, trained []string) error {
	shapes, err := spec.WeightShapes()
	if err != nil {
		return err
	}
	out.text("%-8s %-16s %10s", "layer", "kernel", "parameters")
	for i := 0; i < len(shapes); i += 2 {
		kernel, bias := shapes[i], shapes[i+1]
		state := "frozen (constant)"
		if slices.Contains(trained, kernel.Name) {
			state = "trained (variable)"
		}
		out.text("%-8s %-16s %10d   %s", kernel.Layer, fmt.Sprintf("%v", kernel.Shape), product(kernel.Shape)+product(bias.Shape), state)
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
