//go:build !amd64 && !arm64

package gemm

func machineKernels() []kernel { return nil }

func (ws *Workspace) blocked(g *product) { ws.gonum(g) }

func (kn *kernel) transpose(dst []float32, ldDst int, src []float32, ldSrc, rows, columns int) {
	transposeGo(dst, ldDst, src, ldSrc, rows, columns)
}

func (*Packed) pack(*product) {}

func (*Packed) blocked(_ *Workspace, _ *product, _, _ int) {}

func (*kernel) take([]float32, int, []float32, int, int, int, int) bool { return false }

func (*kernel) takeAt([]float32, int, []float32, []int, int, int) bool { return false }
