package graphop_test

import (
	"math"

	"github.com/lastlayer/lastlayer/model/graphop"
)

// curve is a function and its derivative.
type curve struct{ f, df func(x float64) float64 }

func step(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

// held is x clamped to [lo,hi]; NaN stays NaN.
func held(x, lo, hi float64) float64 { return math.Max(lo, math.Min(hi, x)) }

func naiveSigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// curves are the activations by definition.
var curves = func() map[graphop.Activation]curve {
	inner := func(x float64) float64 { return math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x) }
	gaussian := func(x float64) float64 { return (1 + math.Erf(x/math.Sqrt2)) / 2 }
	cs := map[graphop.Activation]curve{
		{}:                {func(x float64) float64 { return x }, func(float64) float64 { return 1 }},
		graphop.Rectify(): {func(x float64) float64 { return math.Max(x, 0) }, func(x float64) float64 { return step(x > 0) }},
		graphop.Sigmoid(): {naiveSigmoid, func(x float64) float64 { return naiveSigmoid(x) * naiveSigmoid(-x) }},
		graphop.Tanh():    {math.Tanh, func(x float64) float64 { return 1 / (math.Cosh(x) * math.Cosh(x)) }},
		graphop.SiLU(): {func(x float64) float64 { return x * naiveSigmoid(x) }, func(x float64) float64 {
			return naiveSigmoid(x) + x*naiveSigmoid(x)*naiveSigmoid(-x)
		}},
		graphop.HardSwish(): {func(x float64) float64 { return x * held(x+3, 0, 6) / 6 }, func(x float64) float64 {
			return held(x+3, 0, 6)/6 + x/6*step(x > -3 && x < 3)
		}},
		graphop.GELU(): {func(x float64) float64 { return x * gaussian(x) }, func(x float64) float64 {
			return gaussian(x) + x*math.Exp(-x*x/2)/math.Sqrt(2*math.Pi)
		}},
		graphop.GELUTanh(): {func(x float64) float64 { return x / 2 * (1 + math.Tanh(inner(x))) }, func(x float64) float64 {
			t := math.Tanh(inner(x))
			return (1+t)/2 + x/2*(1-t*t)*math.Sqrt(2/math.Pi)*(1+3*0.044715*x*x)
		}},
	}
	for _, r := range [][2]float32{{0, 6}, {-0.25, 0.5}, {-1, 1.5}, {-1, float32(math.Inf(1))}} {
		lo, hi := float64(r[0]), float64(r[1])
		cs[graphop.Clip(r[0], r[1])] = curve{func(x float64) float64 { return held(x, lo, hi) }, func(x float64) float64 { return step(x > lo && x < hi) }}
	}
	for _, r := range [][2]float32{{1.0 / 6, 0.5}, {0.2, 0.5}, {-0.3, 0.4}} {
		a, b := float64(r[0]), float64(r[1])
		cs[graphop.HardSigmoid(r[0], r[1])] = curve{func(x float64) float64 { return held(a*x+b, 0, 1) }, func(x float64) float64 { return a * step(a*x+b > 0 && a*x+b < 1) }}
	}
	for _, slope := range []float32{0, 0.01, 0.3, -0.5} {
		k := float64(slope)
		cs[graphop.Leaky(slope)] = curve{func(x float64) float64 {
			if x > 0 {
				return x
			}
			return k * x
		}, func(x float64) float64 {
			if x > 0 {
				return 1
			}
			return k
		}}
	}
	return cs
}()

// naiveActivation applies the activation to each value.
func naiveActivation(x array, a graphop.Activation) (array, backward) {
	c, ok := curves[a]
	if !ok {
		panic("no definition of " + a.String())
	}
	y := zeros(x.shape...)
	for i, v := range x.v {
		y.v[i] = c.f(v)
	}
	return y, func(dy array) []array {
		dx := zeros(x.shape...)
		for i, v := range x.v {
			dx.v[i] = dy.v[i] * c.df(v)
		}
		return []array{dx}
	}
}
