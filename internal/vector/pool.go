package vector

import "math"

// Pool is the sizes of a plane that is pooled by 2×2 windows. A last row or
// column that fills no window is left out.
type Pool struct {
	Height, Width int  // of the plane
	Rectify       bool // max(0, ·) after the pooling
}

func (p Pool) rows() int    { return p.Height / 2 }
func (p Pool) columns() int { return p.Width / 2 }

// Max writes the largest value of each window of z [H,W], plus bias, to y
// [H/2,W/2] and its place in the window, 0 to 3, to at. The first of equals wins,
// NaN over all.
func (p Pool) Max(y []float32, at []uint8, z []float32, bias float32) {
	y, at, z = y[:p.rows()*p.columns()], at[:p.rows()*p.columns()], z[:p.Height*p.Width]
	if !p.maxWhole(y, at, z, bias) {
		p.maxGo(y, at, z, bias)
	}
}

// Back writes the gradient towards z: dy where the largest value of each window
// stood, and 0 elsewhere; with Rectify 0 unless y is above 0.
func (p Pool) Back(dz, dy, y []float32, at []uint8) {
	n := p.rows() * p.columns()
	dz, dy, y, at = dz[:p.Height*p.Width], dy[:n], y[:n], at[:n]
	if p.Height%2 != 0 || p.Width%2 != 0 {
		clear(dz)
	}
	if !p.backWhole(dz, dy, y, at) {
		p.backGo(dz, dy, y, at)
	}
}

// maxGo has no branch on the values: which of four is the largest is as good as
// random, and a mispredicted branch costs more than everything else here.
func (p Pool) maxGo(y []float32, at []uint8, z []float32, bias float32) {
	for r := range p.rows() {
		upper, lower := z[2*r*p.Width:][:p.Width], z[(2*r+1)*p.Width:][:p.Width]
		y, at := y[r*p.columns():][:p.columns()], at[r*p.columns():][:p.columns()]
		for i := range y {
			a, b, c, d := upper[2*i], upper[2*i+1], lower[2*i], lower[2*i+1]
			var best float32
			if sum := (a + b) + (c + d); sum != sum { // NaN, or infinities: seldom
				best, at[i] = largestOf(a, b, c, d)
			} else {
				best, at[i] = largestFinite(a, b, c, d)
			}
			y[i] = best + bias
			if p.Rectify {
				y[i] = max(y[i], 0)
			}
		}
	}
}

func (p Pool) backGo(dz, dy, y []float32, at []uint8) {
	for r := range p.rows() {
		upper, lower := dz[2*r*p.Width:][:p.Width], dz[(2*r+1)*p.Width:][:p.Width]
		for i := range p.columns() {
			j := r*p.columns() + i
			d := dy[j]
			if p.Rectify && !(y[j] > 0) {
				d = 0
			}
			upper[2*i], upper[2*i+1], lower[2*i], lower[2*i+1] = 0, 0, 0, 0
			row := upper
			if at[j] >= 2 {
				row = lower
			}
			row[2*i+int(at[j]&1)] = d
		}
	}
}

// largestFinite returns the largest of four numbers and its place; the first of
// equals wins. It compares integers, for which the compiler has conditional
// moves.
func largestFinite(a, b, c, d float32) (float32, uint8) {
	best, at := order(a), uint32(0)
	if k := order(b); k > best {
		best, at = k, 1
	}
	if k := order(c); k > best {
		best, at = k, 2
	}
	if k := order(d); k > best {
		best, at = k, 3
	}
	return unorder(best), uint8(at)
}

// order maps a float32 to an integer, in the same order; NaN excepted. Adding 0
// turns −0 into 0.
func order(v float32) int32 {
	bits := int32(math.Float32bits(v + 0))
	return bits ^ (bits>>31)&math.MaxInt32
}

// unorder is the inverse of order.
func unorder(k int32) float32 { return math.Float32frombits(uint32(k ^ (k>>31)&math.MaxInt32)) }

// largestOf is largestFinite for any values: NaN wins over all.
func largestOf(v ...float32) (float32, uint8) {
	at := 0
	for i, x := range v {
		if x > v[at] || x != x {
			at = i
		}
	}
	return v[at], uint8(at)
}
