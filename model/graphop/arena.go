package graphop

import (
	"cmp"
	"slices"
)

// arena is the memory that the outputs of a graph share. It is made by the
// first run.
type arena struct {
	size   int
	values []float32
}

// part returns n values from offset on.
func (a *arena) part(offset, n int) []float32 {
	if a.values == nil {
		a.values = make([]float32, a.size)
	}
	return a.values[offset : offset+n : offset+n]
}

// place gives each block an offset, so that no two overlap that are in use at
// the same time, and returns how many values they take in all: the largest
// first, each as low as it fits (Pisarchyk and Lee 2020, Efficient Memory
// Management for Deep Neural Net Inference, "greedy by size").
func place(blocks []*block) (size int) {
	const line = 16 // values of a cache line
	largest := slices.Clone(blocks)
	slices.SortStableFunc(largest, func(a, b *block) int { return cmp.Compare(b.size, a.size) })
	var placed []*block // by offset
	for _, b := range largest {
		for _, other := range placed {
			if b.last < other.first || other.last < b.first {
				continue
			}
			if b.offset+b.size <= other.offset {
				break
			}
			b.offset = max(b.offset, (other.offset+other.size+line-1)/line*line)
		}
		at, _ := slices.BinarySearchFunc(placed, b, func(a, b *block) int { return cmp.Compare(a.offset, b.offset) })
		placed = slices.Insert(placed, at, b)
		size = max(size, b.offset+b.size)
	}
	return size
}
