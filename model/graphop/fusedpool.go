package graphop

import "github.com/lastlayer/lastlayer/internal/vector"

// poolsByTwo reports whether package vector supports the pooling and the activation
// after it.
func (g *geometry) poolsByTwo() bool {
	return g.pool == 2 && (g.activation.kind == identity || g.activation.kind == rectify)
}

// pool2 is the 2×2 pooling of rows of one channel, with ReLU.
func (g *geometry) pool2(rows int) vector.Pool {
	return vector.Pool{Height: rows, Width: g.outW, Rectify: g.activation.kind == rectify}
}

// maxPool writes the maximum of each window of rows z of one channel to y, rows of
// W', and its position in the window to argmax. The first of equal values wins; NaN wins
// over all others.
func (g *geometry) maxPool(y []float32, argmax []uint8, z []float32) {
	i := 0
	for py := range len(y) / g.poolW {
		for px := range g.poolW {
			corner := py*g.pool*g.outW + px*g.pool
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

// backThroughPool writes dz [O,H",W"]: dy [O,H',W'] at the position of each window's
// maximum, 0 elsewhere, then passed through the activation's derivative.
func (g *geometry) backThroughPool(dz, y, dy []float32, argmax []uint8) {
	switch {
	case g.pool == 1:
		g.activation.back(dz, dy, y)
		return
	case g.poolsByTwo():
		plane := g.poolH * g.poolW
		for o := range g.out {
			i := o * plane
			g.pool2(g.outH).Back(dz[o*g.pixels():], dy[i:i+plane], y[i:], argmax[i:])
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
