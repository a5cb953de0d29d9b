package graphop

import "math"

// back writes dx = dy·f′ to dx. dx may be dy. v is the output f(x) if FromOutput is
// true, otherwise x.
func (a Activation) back(dx, dy, v []float32) {
	dx, dy = dx[:len(v)], dy[:len(v)]
	switch a.kind {
	case identity:
		copy(dx, dy)
	case rectify, clip:
		for i, v := range v {
			if a.stops(v) {
				dx[i] = 0
			} else {
				dx[i] = dy[i]
			}
		}
	case leaky: // x and y have the same sign if the slope is not negative
		for i, v := range v {
			if v > 0 {
				dx[i] = dy[i]
			} else {
				dx[i] = dy[i] * a.a
			}
		}
	case sigmoid:
		for i, y := range v {
			dx[i] = dy[i] * y * (1 - y)
		}
	case tanh:
		for i, y := range v {
			dx[i] = dy[i] * (1 - y) * (1 + y)
		}
	case hardSigmoid:
		for i, y := range v {
			if y > 0 && y < 1 {
				dx[i] = dy[i] * a.a
			} else {
				dx[i] = 0
			}
		}
	default:
		f := a.derivative()
		for i, x := range v {
			dx[i] = float32(float64(dy[i]) * f(float64(x)))
		}
	}
}

// stops reports whether ReLU or Clip blocks the gradient at output y. Both block it
// where the output is NaN.
func (a Activation) stops(y float32) bool {
	switch a.kind {
	case rectify:
		return !(y > 0)
	case clip:
		return !(y > a.a && y < a.b)
	}
	return false
}

// derivative returns f′(x) of the activations that need x.
func (a Activation) derivative() func(x float64) float64 {
	switch a.kind {
	case silu:
		return func(x float64) float64 {
			s := logistic(x)
			return s * (1 + x*(1-s))
		}
	case hardSwish:
		return func(x float64) float64 {
			switch {
			case x <= -3:
				return 0
			case x >= 3:
				return 1
			}
			return (2*x + 3) / 6
		}
	case gelu:
		return func(x float64) float64 {
			return normal(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		}
	default:
		return func(x float64) float64 {
			s := logistic(2 * geluInner(x))
			slope := math.Sqrt(2/math.Pi) * (1 + 3*geluCubic*x*x)
			return s * (1 + 2*x*(1-s)*slope)
		}
	}
}
