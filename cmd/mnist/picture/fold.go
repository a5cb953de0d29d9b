package picture

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A short chain is drawn as it is; other graphs are folded until there are few
// enough blocks to be read.
const (
	mostOfChain = 12
	bestBlocks  = 18
	mostBlocks  = 36
)

// chain reports whether the graph is a short one without branches, and without
// parts of which blocks are folded.
func (g Graph) chain() bool {
	for i, b := range g.blocks {
		if i > 0 && !slices.Equal(b.inputs, []int{i - 1}) {
			return false
		}
	}
	return len(g.blocks) <= mostOfChain
}

// folded returns the graph with blocks of the same prefix in their names as one:
// "layer4.1" of "layer4.1.conv2". Of the lengths of prefixes the one is taken that
// comes nearest to a good number of blocks; where all leave too many, as many
// neighbours as it takes are one. Blocks on
// either side of the cut, and trained and frozen ones, are never folded together.
func (g Graph) folded() Graph {
	separator := "_"
	deepest := 0
	for _, b := range g.blocks {
		for _, layer := range b.layers {
			if strings.Contains(layer, ".") {
				separator = "."
			}
		}
	}
	for _, b := range g.blocks {
		for _, layer := range b.layers {
			deepest = max(deepest, strings.Count(layer, separator))
		}
	}
	var best Graph
	for depth := deepest + 1; depth > 0; depth-- {
		f := g.foldedBy(separator, func(i int) string { return prefix(g.blocks[i].layers[0], separator, depth) })
		if len(f.blocks) <= mostBlocks && (best.blocks == nil || f.distance() < best.distance()) {
			best = f
		}
	}
	if best.blocks != nil {
		return best
	}
	each := (len(g.blocks) + bestBlocks - 1) / bestBlocks
	return g.foldedBy(separator, func(i int) string { return strconv.Itoa(i / each) })
}

// distance returns how far the number of blocks is from a good one.
func (g Graph) distance() int { return max(len(g.blocks)-bestBlocks, bestBlocks-len(g.blocks)) }

// prefix returns the first parts of a layer's name, or all of it where it has no
// more.
func prefix(layer, separator string, depth int) string {
	parts := strings.Split(layer, separator)
	return strings.Join(parts[:min(depth, len(parts))], separator)
}

// foldedBy folds neighbours with the same key. The first block, the input, and
// the last, the loss, stay as they are.
func (g Graph) foldedBy(separator string, key func(i int) string) Graph {
	f := Graph{blocks: []block{g.blocks[0]}, dot: g.dot}
	last := len(g.blocks) - 1
	of := make([]int, len(g.blocks)) // in f
	whole := map[string]int{}        // blocks of each key
	for i := 1; i < last; i++ {
		whole[key(i)]++
	}
	for from := 1; from < last; {
		to := from + 1
		for to < last && key(to) == key(from) && g.alike(from, to) {
			to++
		}
		if g.cut == from {
			f.cut = len(f.blocks)
		}
		for i := from; i < to; i++ {
			of[i] = len(f.blocks)
		}
		f.blocks = append(f.blocks, g.merged(from, to, of, separator, key(from), whole[key(from)] == to-from))
		from = to
	}
	loss := g.blocks[last]
	loss.inputs = []int{of[loss.inputs[0]]}
	f.blocks = append(f.blocks, loss)
	return f
}

// alike reports whether block to may be folded with the blocks from from on: on
// the same side of the cut, and not trained beside frozen.
func (g Graph) alike(from, to int) bool {
	a, b := g.blocks[from], g.blocks[to]
	if a.below != b.below {
		return false
	}
	for _, other := range g.blocks[from:to] {
		if b.tensors != nil && other.tensors != nil && other.trained() != b.trained() {
			return false
		}
	}
	return true
}

// merged returns blocks [from,to) as one. of says where the blocks before to have
// gone.
func (g Graph) merged(from, to int, of []int, separator, key string, whole bool) block {
	m := block{shape: g.blocks[to-1].shape, below: g.blocks[from].below}
	inside := 0 // the most inputs that one block has from inside
	several := false
	for _, b := range g.blocks[from:to] {
		m.layers, m.tensors = append(m.layers, b.layers...), append(m.tensors, b.tensors...)
		m.reached = m.reached || b.reached
		own := 0
		for _, in := range b.inputs {
			if in >= from {
				own++
			} else {
				m.inputs = append(m.inputs, of[in])
			}
		}
		inside, several = max(inside, own), several || own > 0 && len(b.inputs) > 1
	}
	slices.Sort(m.inputs)
	m.inputs = slices.Compact(m.inputs)
	m.joins = inside > 1 || several && len(m.inputs) == 1
	m.title = titleOf(m.layers, separator)
	if to-from > 1 {
		m.folded = fmt.Sprintf("%d layers", len(m.layers))
		switch named := strings.HasPrefix(m.layers[0], key+separator); {
		case named && whole:
			m.title = key
		case named && (len(m.title) > mostLetters || !strings.ContainsFunc(leaf(m.layers[len(m.layers)-1], separator), unicode.IsLetter)):
			m.title = "part of " + key
		}
	}
	return m
}

// mostLetters is how long a title is that can be read in its box.
const mostLetters = 28

// titleOf names layers: the first in full if it is not too long, of the others
// what follows the last separator, and no more than three.
func titleOf(layers []string, separator string) string {
	short := []string{layers[0]}
	for _, layer := range layers[1:] {
		short = append(short, leaf(layer, separator))
	}
	title := strings.Join(short, " + ")
	if n := len(short); n > 3 {
		title = short[0] + " … " + short[n-1]
	}
	for len(title) > mostLetters {
		_, rest, found := strings.Cut(title, separator)
		if !found {
			break
		}
		title = rest
	}
	return title
}

// leaf returns what follows the last separator.
func leaf(layer, separator string) string {
	return layer[strings.LastIndex(layer, separator)+1:]
}
