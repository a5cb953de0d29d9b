package graphop

import (
	"fmt"
	"math"

	"github.com/lastlayer/lastlayer/internal/vector"
)

// Activation is a scalar function applied to each value. The zero value is the
// identity. NaN stays NaN.
type Activation struct {
	kind activation
	a, b float32 // parameters; the kind defines their meaning
}

type activation uint8

const (
	identity activation = iota
	rectify
	clip  // to [a,b]
	leaky // slope a
	sigmoid
	tanh
	hardSigmoid // a·x + b
	silu
	hardSwish
	gelu
	geluTanh
)

// Rectify is ReLU, max(0, x). Its derivative at 0 is 0.
func Rectify() Activation { return Activation{kind: rectify} }

// Clip clamps x to [lo, hi]; ReLU6 is Clip(0, 6). Its derivative at both ends is 0.
func Clip(lo, hi float32) Activation { return Activation{clip, lo, hi} }

// Leaky is x for x above 0 and slope·x elsewhere.
func Leaky(slope float32) Activation { return Activation{kind: leaky, a: slope} }

// Sigmoid is 1/(1+exp(−x)).
func Sigmoid() Activation { return Activation{kind: sigmoid} }

// Tanh is the hyperbolic tangent.
func Tanh() Activation { return Activation{kind: tanh} }

// HardSigmoid is alpha·x + beta, clamped to [0, 1]. PyTorch uses alpha 1/6 and beta
// 0.5. ONNX defaults to 0.2 and 0.5.
func HardSigmoid(alpha, beta float32) Activation { return Activation{hardSigmoid, alpha, beta} }

// SiLU is x·sigmoid(x), also called swish.
func SiLU() Activation { return Activation{kind: silu} }

// HardSwish is x·max(0, min(6, x+3))/6.
func HardSwish() Activation { return Activation{kind: hardSwish} }

// GELU is x·Φ(x), where Φ is the standard normal distribution function.
func GELU() Activation { return Activation{kind: gelu} }

// GELUTanh is GELU with Φ approximated by tanh.
func GELUTanh() Activation { return Activation{kind: geluTanh} }

// String returns the activation's name.
func (a Activation) String() string {
	return [...]string{"identity", "relu", "clip", "leaky relu", "sigmoid", "tanh", "hard sigmoid", "silu", "hard swish", "gelu", "gelu tanh"}[a.kind]
}

// plus is the suffix that the fused activation adds to an operator's kind.
func (a Activation) plus() string {
	if a.kind == identity {
		return ""
	}
	return "+" + a.String()
}

// FromOutput reports whether the derivative can be computed from the output
// alone. Only then can the activation be fused into an operator that has a
// gradient; otherwise add Activate after it.
func (a Activation) FromOutput() bool {
	switch a.kind {
	case silu, hardSwish, gelu, geluTanh:
		return false
	case leaky:
		return a.a >= 0
	}
	return true
}

// check describes what is wrong with the activation, or returns "".
func (a Activation) check() string {
	finite := func(v float32) bool { return !math.IsInf(float64(v), 0) && v == v }
	switch {
	case a.kind == clip && !(a.a <= a.b):
		return fmt.Sprintf("clip to [%g,%g], expected the lower end first", a.a, a.b)
	case a.kind == leaky && !finite(a.a), a.kind == hardSigmoid && !(finite(a.a) && finite(a.b)):
		return fmt.Sprintf("%s with %g and %g, expected finite numbers", a, a.a, a.b)
	}
	return ""
}

// monotone reports whether the function never decreases, so a maximum stays a maximum.
func (a Activation) monotone() bool { return a.clips() }

// clips reports whether vector.Finish supports the activation.
func (a Activation) clips() bool { return a.kind == identity || a.kind == rectify || a.kind == clip }

// clipping stores the activation in f and reports whether f supports it.
func (a Activation) clipping(f *vector.Finish) bool {
	switch a.kind {
	case identity:
	case rectify:
		f.Clip, f.Lo, f.Hi = true, 0, float32(math.Inf(1))
	case clip:
		f.Clip, f.Lo, f.Hi = true, a.a, a.b
	default:
		return false
	}
	return true
}

// apply writes the function of x to y. y may be x.
func (a Activation) apply(y, x []float32) {
	y = y[:len(x)]
	var f vector.Finish
	if a.clipping(&f) {
		f.Apply(y, x, nil)
		return
	}
	switch a.kind {
	case leaky:
		for i, v := range x {
			if !(v > 0) {
				v *= a.a
			}
			y[i] = v
		}
	case hardSigmoid:
		for i, v := range x {
			y[i] = max(min(v*a.a+a.b, 1), 0)
		}
	case hardSwish:
		for i, v := range x {
			y[i] = v * max(min(v+3, 6), 0) / 6
		}
	default:
		f := a.exact()
		for i, v := range x {
			y[i] = float32(f(float64(v)))
		}
	}
}

// exact returns the function of an activation that is computed in float64.
func (a Activation) exact() func(x float64) float64 {
	switch a.kind {
	case sigmoid:
		return logistic
	case tanh:
		return math.Tanh
	case silu:
		return func(x float64) float64 { return x * logistic(x) }
	case gelu:
		return func(x float64) float64 { return x * normal(x) }
	default:
		return func(x float64) float64 { return x * logistic(2*geluInner(x)) }
	}
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// normal is Φ. It stays accurate where Φ is small.
func normal(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// geluInner is the argument of tanh in GELUTanh.
func geluInner(x float64) float64 {
	return math.Sqrt(2/math.Pi) * (x + geluCubic*x*x*x)
}

const geluCubic = 0.044715
