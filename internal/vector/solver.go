package vector

import "math"

// MomentumStep holds the factors of a step of gradient descent with momentum.
type MomentumStep struct{ Rate, Momentum, Decay float32 }

// Apply computes v ← momentum·v + (g + decay·w), then w ← w − rate·v. The slices
// have the same length. The conversions keep the compiler from fusing a product
// with a sum, which would round differently from the assembly.
func (k MomentumStep) Apply(w, g, v []float32) {
	g, v = g[:len(w)], v[:len(w)]
	done := k.whole(w, g, v)
	for i := done; i < len(w); i++ {
		v[i] = float32(k.Momentum*v[i]) + (g[i] + float32(k.Decay*w[i]))
		w[i] -= float32(k.Rate * v[i])
	}
}

// AdamStep holds the factors of a step of Adam: those of the means, the bias
// corrections, and what train.Adam says of the others.
type AdamStep struct{ Rate, Beta1, Beta2, Fix1, Fix2, Epsilon, Decay float32 }

// Apply computes m ← β1·m + (1−β1)·g, v ← β2·v + (1−β2)·g², then
// w ← w − rate·(m·fix1 / (√(v·fix2) + ε) + decay·w). The slices have the same
// length.
func (k AdamStep) Apply(w, g, m, v []float32) {
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	done := k.whole(w, g, m, v)
	for i := done; i < len(w); i++ {
		m[i] = float32(k.Beta1*m[i]) + float32((1-k.Beta1)*g[i])
		v[i] = float32(k.Beta2*v[i]) + float32((1-k.Beta2)*g[i]*g[i])
		step := m[i] * k.Fix1 / (float32(math.Sqrt(float64(v[i]*k.Fix2))) + k.Epsilon)
		w[i] -= float32(k.Rate * (step + float32(k.Decay*w[i])))
	}
}

// Sum returns the sum of x.
func Sum(x []float32) float32 {
	whole, done := sumWhole(x)
	sum := float64(whole)
	for _, v := range x[done:] {
		sum += float64(v)
	}
	return float32(sum)
}
