package smallnet

import (
	"math/rand/v2"
	"slices"
)

// Noise is examples of normal numbers, all of class 0.
type Noise struct {
	shape  []int
	values [][]float32
}

// NewNoise returns n examples of that shape, the same each time.
func NewNoise(n int, shape ...int) Noise {
	size := 1
	for _, side := range shape {
		size *= side
	}
	rng, values := rand.New(rand.NewPCG(2, 3)), make([][]float32, n)
	for i := range values {
		values[i] = make([]float32, size)
		for j := range values[i] {
			values[i][j] = float32(rng.NormFloat64())
		}
	}
	return Noise{slices.Clone(shape), values}
}

// Len implements dataset.Examples.
func (n Noise) Len() int { return len(n.values) }

// ExampleShape implements dataset.Examples.
func (n Noise) ExampleShape() []int { return slices.Clone(n.shape) }

// Label implements dataset.Examples.
func (Noise) Label(int) int { return 0 }

// Gather implements dataset.Examples.
func (n Noise) Gather(dst []float32, indices []int) {
	for k, i := range indices {
		copy(dst[k*len(n.values[i]):], n.values[i])
	}
}
