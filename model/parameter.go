package model

import "strings"

// Parameter is one tensor of a network, as its spec describes it.
type Parameter struct {
	Name  string // Layer + "/" + Part, "conv1/W": its name in Weights
	Layer string
	Part  string
	Shape []int
	// FanIn is the number of inputs that one output sums over: fresh values are
	// drawn with standard deviation √(2/FanIn). 0: they are all Fill.
	FanIn int
	Fill  float32
	Fixed bool // never trained: the statistics of a batch normalisation
	// NotNegative says that a value below 0 is an error: a variance.
	NotNegative bool
}

// Decays reports whether weight decay applies: to kernels, which have two or
// more dimensions, not to biases, nor to the scale of a normalisation.
func (p Parameter) Decays() bool { return Decays(p.Shape) }

// LayerOf returns the layer of a weight: "conv1" of "conv1/W".
func LayerOf(weight string) string {
	layer, _, _ := strings.Cut(weight, "/")
	return layer
}

// Decays is Parameter.Decays for a tensor of that shape.
func Decays(shape []int) bool { return len(shape) > 1 }

// kernelAndBias returns the parameters of a layer that multiplies: W of that
// shape, and b, all of whose fresh values are 0.1, as in the tutorial.
func kernelAndBias(shape []int, out int, noBias bool) []Parameter {
	w := Parameter{Part: "W", Shape: shape, FanIn: size(shape) / out}
	if noBias {
		return []Parameter{w}
	}
	return []Parameter{w, {Part: "b", Shape: []int{out}, Fill: 0.1}}
}
