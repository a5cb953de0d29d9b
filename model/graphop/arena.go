package graphop

import (
	"cmp"
	"slices"
)

// arena is the memory shared by the outputs of a graph. The first run allocates it.
type arena struct {
	size   int
	values []float32
}

// part returns n values starting at offset.
func (a *arena) part(offset, n int) []float32 {
	if a.values == nil {
		a.values = make([]float32, a.size)
	}
	return a.values[offset : offset+n : offset+n]
}

// place gives each block an offset and returns the total number of values. Blocks in
// use at the same time never overlap. It places the largest block first, each at the
// lowest offset where it fits ("greedy by size", Pisarchyk and Lee 2020, Efficient
// Memory Management for Deep Neural Net Inference).
func place(blocks []*block) (size int) {
	const line = 16 // values in a cache line
	largest := slices.Clone(blocks)
	slices.SortStableFunc(largest, func(a, b *block) int { return cmp.Compare(b.size, a.size) })
	var placed []*block // sorted by offset
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
