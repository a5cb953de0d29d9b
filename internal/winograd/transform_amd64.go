package winograd

import "github.com/lastlayer/lastlayer/internal/gemm"

// The transforms of a row of tiles, 8×8 to 8×8, 8×8 to 4×4 and 4×4 to 8×8. The
// number of channels is a multiple of 16.

func (s *Scratch) input(dst, src square, tiles, channels int) {
	dst.check(tiles, field, channels)
	src.check(tiles, field, channels)
	switch gemm.Lanes() {
	case 16:
		inputAVX512(&dst.values[0], dst.row, dst.col, dst.tile, &src.values[0], src.row, src.col, src.tile, tiles, channels/16, s.transforming())
	case 8:
		inputAVX2(&dst.values[0], dst.row, dst.col, dst.tile, &src.values[0], src.row, src.col, src.tile, tiles, channels/8, s.transforming())
	default:
		transformGo(matrixB, dst, src, tiles, channels)
	}
}

func (s *Scratch) output(dst, src square, tiles, channels int) {
	dst.check(tiles, tile, channels)
	src.check(tiles, field, channels)
	switch gemm.Lanes() {
	case 16:
		outputAVX512(&dst.values[0], dst.row, dst.col, dst.tile, &src.values[0], src.row, src.col, src.tile, tiles, channels/16, s.transforming())
	case 8:
		outputAVX2(&dst.values[0], dst.row, dst.col, dst.tile, &src.values[0], src.row, src.col, src.tile, tiles, channels/8, s.transforming())
	default:
		transformGo(matrixAT, dst, src, tiles, channels)
	}
}

func (s *Scratch) gradient(dst, src square, tiles, channels int) {
	dst.check(tiles, field, channels)
	src.check(tiles, tile, channels)
	switch gemm.Lanes() {
	case 16:
		gradientAVX512(&dst.values[0], dst.row, dst.col, dst.tile, &src.values[0], src.row, src.col, src.tile, tiles, channels/16, s.transforming())
	case 8:
		gradientAVX2(&dst.values[0], dst.row, dst.col, dst.tile, &src.values[0], src.row, src.col, src.tile, tiles, channels/8, s.transforming())
	default:
		transformGo(matrixA, dst, src, tiles, channels)
	}
}

// transforming returns room for one transformed tile of a vector of channels.
func (s *Scratch) transforming() *float32 {
	return &grow(&s.half, 16*points)[0]
}
