package winograd

import "github.com/lastlayer/lastlayer/internal/gemm"

// square is where the elements of a square lie: element (i,j) of tile t, all its
// channels one after the other, at values[t*tile+i*row+j*col].
type square struct {
	values         []float32
	row, col, tile int
}

func (s square) at(tile, i, j, channels int) []float32 {
	return s.values[tile*s.tile+i*s.row+j*s.col:][:channels]
}

// check panics unless there are tiles, of side × side elements, and they lie within
// values: the assembly does not check.
func (s square) check(tiles, side, channels int) {
	if tiles < 1 || channels < 1 {
		panic("winograd: nothing to transform")
	}
	_ = s.values[(tiles-1)*s.tile+(side-1)*(s.row+s.col)+channels-1]
}

// transform is one of the three: its matrix, and the same in assembly, if there is any.
type transform struct {
	matrix [][]float32
	code   code
}

// code has the functions for vectors of so many lanes.
type code map[int]func(dst *float32, dstRow, dstCol, dstTile int, src *float32, srcRow, srcCol, srcTile int, tiles, vecs int, scratch *float32)

// apply computes m·x·mᵀ for each of a row of tiles. The number of channels is a
// multiple of 16.
func (t *transform) apply(s *Scratch, dst, src square, tiles, channels int) {
	dst.check(tiles, len(t.matrix), channels)
	src.check(tiles, len(t.matrix[0]), channels)
	vector := gemm.Lanes()
	run := t.code[vector]
	if run == nil {
		transformGo(t.matrix, dst, src, tiles, channels)
		return
	}
	half := grow(&s.half, vector*len(t.matrix)*len(t.matrix[0])) // a transformed tile of a vector of channels
	run(&dst.values[0], dst.row, dst.col, dst.tile, &src.values[0], src.row, src.col, src.tile, tiles, channels/vector, &half[0])
}

// transformGo computes m·x·mᵀ for each of a row of tiles: what the assembly
// does.
func transformGo(m [][]float32, dst, src square, tiles, channels int) {
	in, out := len(m[0]), len(m)
	half := make([]float32, out*channels) // a row of x·mᵀ
	for t := range tiles {
		for i := range out {
			for j := range out {
				clear(dst.at(t, i, j, channels))
			}
		}
		for r := range in {
			clear(half)
			for j := range out {
				for q, factor := range m[j] {
					addScaled(half[j*channels:][:channels], src.at(t, r, q, channels), factor)
				}
			}
			for i := range out {
				for j := range out {
					addScaled(dst.at(t, i, j, channels), half[j*channels:][:channels], m[i][r])
				}
			}
		}
	}
}

// addScaled adds factor·x to sum.
func addScaled(sum, x []float32, factor float32) {
	if factor == 0 {
		return
	}
	for i, v := range x {
		sum[i] += factor * v
	}
}
