package graphop

import "github.com/lastlayer/lastlayer/internal/vector"

// poolsByTwo reports whether package vector has the pooling and the activation
// behind it.
func (g *geometry) poolsByTwo() bool {
	return g.pool == 2 && (g.activation.kind == identity || g.activation.kind == rectify)
}

// pool2 is the pooling of one channel by windows of 2×2, with the ReLU.
func (g *geometry) pool2() vector.Pool {
	return vector.Pool{Height: g.outH, Width: g.outW, Rectify: g.activation.kind == rectify}
}

// maxPool writes the largest value of each window of z [O,H",W"] to y
// [O,H',W'], and its place in the window to argmax. The first of equals wins;
// NaN wins over all.
func (g *geometry) maxPool(y []float32, argmax []uint8, z []float32) {
	i := 0
	for o := range g.out {
		for py := range g.poolH {
			for px := range g.poolW {
				corner := o*g.pixels() + py*g.pool*g.outW + px*g.pool
				best, at := z[corner], 0
				for dy := range g.pool {
					for dx, v := range z[corner+dy*g.outW : corner+dy*g.outW+g.pool] {
						if v > best || v != v {
							best, at = v, dy*g.pool+dx
						}
					}
				}
				y[i], argmax[i] = best, uint8(at)
				i++
			}
		}
	}
}

// backThroughPool writes dz [O,H",W"]: dy [O,H',W'] where the largest value of
// each window stood, 0 elsewhere, and what the activation makes of it.
func (g *geometry) backThroughPool(dz, y, dy []float32, argmax []uint8) {
	switch {
	case g.pool == 1:
		g.activation.back(dz, dy, y)
		return
	case g.poolsByTwo():
		plane := g.poolH * g.poolW
		for o := range g.out {
			i := o * plane
			g.pool2().Back(dz[o*g.pixels():], dy[i:i+plane], y[i:], argmax[i:])
		}
		return
	}
	clear(dz)
	i := 0
	for o := range g.out {
		for py := range g.poolH {
			for px := range g.poolW {
				corner := o*g.pixels() + py*g.pool*g.outW + px*g.pool
				if !g.activation.stops(y[i]) {
					dz[corner+int(argmax[i])/g.pool*g.outW+int(argmax[i])%g.pool] = dy[i]
				}
				i++
			}
		}
	}
}
