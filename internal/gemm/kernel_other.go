//go:build !amd64

package gemm

func machineKernels() []kernel { return nil }

func (ws *Workspace) blocked(g *product) { ws.gonum(g) }
