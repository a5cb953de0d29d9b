//go:build !amd64 && !arm64

package gemm

func machineKernels() []kernel { return nil }

func (ws *Workspace) blocked(g *product) { ws.gonum(g) }

func (kn *kernel) transpose(dst []float32, ldDst int, src []float32, ldSrc, rows, columns int) {
	transposeGo(dst, ldDst, src, ldSrc, rows, columns)
}

func (*Packed) pack([]float32, int) {}

func (*Packed) blocked(*Workspace, *product) {}
