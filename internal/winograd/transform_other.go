//go:build !amd64

package winograd

func (s *Scratch) input(dst, src square, tiles, channels int) {
	transformGo(matrixB, dst, src, tiles, channels)
}

func (s *Scratch) output(dst, src square, tiles, channels int) {
	transformGo(matrixAT, dst, src, tiles, channels)
}

func (s *Scratch) gradient(dst, src square, tiles, channels int) {
	transformGo(matrixA, dst, src, tiles, channels)
}
