package logistic

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// newtonProducts is how many products with the Hessian a step of Newton's
// method may take.
const newtonProducts = 250

// newton returns H⁻¹·G for the Hessian H and the gradient G at x, and an upper bound
// of Gᵀ·H⁻¹·G. Half of that is how far below the minimum is, where the loss is close
// to a parabola. They come from conjugate gradients (Hestenes and
// Stiefel, "Methods of conjugate gradients for solving linear systems", 1952),
// preconditioned by H's diagonal: the sum of what their iterations add is a
// lower bound, and what the remaining residual r can add is at most rᵀ·m⁻¹·r
// for the least curvature m.
func (s *search) newton(x []float64) (direction []float64, decrement float64, exact bool) {
	n := len(x)
	direction = make([]float64, n)
	r := append([]float64(nil), s.gradient...)
	z, p, hp := make([]float64, n), make([]float64, n), make([]float64, n)
	precondition := func() (rz float64) {
		for i, v := range r {
			if z[i] = 0; v != 0 {
				z[i] = v / s.diagonal(i)
			}
			rz += v * z[i]
		}
		return rz
	}
	rz := precondition()
	first := rz
	copy(p, z)
	upper, lower := math.Inf(1), 0.0
	products := newtonProducts
	if s.loss.precise {
		products *= 4
	}
	for range products {
		if s.stopped() != nil {
			break
		}
		s.loss.curvature(hp, x, p)
		s.evaluations++
		php := floats.Dot(p, hp)
		if !(php > 0) || !finite(php) {
			break
		}
		alpha := rz / php
		floats.AddScaled(direction, alpha, p)
		floats.AddScaled(r, -alpha, hp)
		lower += alpha * rz
		upper = min(upper, lower+2*s.bound(r))
		if upper/2 <= s.share(aim) {
			break
		}
		if s.bound(r) <= s.share(aim)/2 {
			return direction, upper, true // r is about the gradient after the step
		}
		before := rz
		rz = precondition()
		if rz <= 1e-8*first {
			upper = min(upper, 1.1*lower)
			return direction, upper, true
		}
		if rz <= 1e-4*first && lower/2 > 1e-2*s.value {
			return direction, upper, true // far away: a rough direction will do
		}
		floats.Scale(rz/before, p)
		floats.Add(p, z)
	}
	return direction, upper, false
}

// step moves x against the direction, as far as lessens the loss. It returns
// whether it does.
func (s *search) step(x, direction []float64) bool {
	value := s.value
	next := make([]float64, len(x))
	for t := 1.0; t > 1e-6 && s.stopped() == nil; t /= 2 {
		floats.AddScaledTo(next, x, -t, direction)
		s.evaluate(next)
		if s.value < value {
			copy(x, next)
			s.iterated()
			return true
		}
	}
	return false
}
