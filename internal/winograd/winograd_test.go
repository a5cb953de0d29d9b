package winograd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/internal/gemm"
)

// each runs f once for each kernel of package gemm, and so with each set of
// transforms.
func each(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	before := gemm.Name()
	defer func() { _ = gemm.Use(before) }()
	for _, name := range gemm.Names() {
		if err := gemm.Use(name); err != nil {
			t.Fatal(err)
		}
		t.Run(name, f)
	}
}

func random(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return x
}

// direct calls term for every product of a convolution, as the definition has
// it: the places in the output, the kernels and the input.
func direct(p *Plan, term func(y, w, x int)) {
	for o := range p.out {
		for oy := range p.outH {
			for ox := range p.outW {
				for c := range p.channels {
					for i := range side {
						for j := range side {
							iy, ix := oy+i-p.pad, ox+j-p.pad
							if iy >= 0 && iy < p.height && ix >= 0 && ix < p.width {
								term((o*p.outH+oy)*p.outW+ox, (o*p.channels+c)*taps+i*side+j, (c*p.height+iy)*p.width+ix)
							}
						}
					}
				}
			}
		}
	}
}

// near holds got to the direct sum: the largest difference to 1e-4 of the
// largest value.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	var worst, largest float64
	for i, w := range want {
		worst, largest = max(worst, math.Abs(float64(got[i])-w)), max(largest, math.Abs(w))
	}
	if !(worst <= 1e-4*largest) {
		t.Errorf("%s: largest difference %g of %g, expected at most 1e-4 of it", what, worst, largest)
	}
	t.Logf("%s: largest difference %.2g of the largest value", what, worst/largest)
}

func plans() map[string]*Plan {
	all := map[string]*Plan{}
	for _, s := range [][5]int{
		{32, 14, 14, 64, 2}, // conv2 of the seed network
		{8, 28, 28, 8, 2},
		{16, 5, 5, 24, 0}, // a single value
		{9, 6, 11, 17, 1}, // nothing fits
		{33, 8, 7, 16, 4}, // pad as wide as it may be
		{8, 12, 9, 40, 3},
	} {
		all[fmt.Sprintf("C%d %d×%d O%d pad %d", s[0], s[1], s[2], s[3], s[4])] = New(s[0], s[1], s[2], s[3], s[4])
	}
	return all
}

func TestConvolve(t *testing.T) {
	each(t, func(t *testing.T) {
		for name, p := range plans() {
			rng := rand.New(rand.NewPCG(1, 2))
			x, w := random(rng, p.channels*p.height*p.width), random(rng, p.out*p.channels*taps)
			dy := random(rng, p.out*p.outH*p.outW)
			y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
			direct(p, func(iy, iw, ix int) {
				y[iy] += float64(w[iw]) * float64(x[ix])
				dx[ix] += float64(w[iw]) * float64(dy[iy])
				dw[iw] += float64(dy[iy]) * float64(x[ix])
			})
			var s Scratch
			scratch := func(int) *Scratch { return new(Scratch) }
			var forward, backward Kernels

			got := make([]float32, len(y))
			forward.Set(p, w, false, scratch)
			p.Convolve(&s, got, x, &forward)
			near(t, name+" output", got, y)

			got = make([]float32, len(x))
			backward.Set(p, w, true, scratch)
			p.Back().Convolve(&s, got, dy, &backward)
			near(t, name+" gradient towards the input", got, dx)

			got = make([]float32, len(w))
			sum := make([]float32, p.GradientSize())
			p.AddGradient(&s, sum, x, dy)
			p.AddGradient(&s, sum, x, dy)
			p.Gradient(&s, got, sum)
			for i := range dw {
				dw[i] *= 2
			}
			near(t, name+" gradient towards the kernels", got, dw)
		}
	})
}

// Each set of transforms gives what the loops in Go give.
func TestTransforms(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		const channels, tiles = 32, 3
		for name, c := range map[string]*transform{"input": &input, "output": &output, "gradient": &gradient} {
			layout := func(n int) square {
				return square{make([]float32, 64*1000), 7 * channels * n, 2 * channels, channels * n * n * 9}
			}
			src, want, got := layout(len(c.matrix[0])), layout(len(c.matrix)), layout(len(c.matrix))
			copy(src.values, random(rng, len(src.values)))
			transformGo(c.matrix, want, src, tiles, channels)
			c.apply(new(Scratch), got, src, tiles, channels)
			for i := range want.values {
				if math.Abs(float64(got.values[i]-want.values[i])) > 1e-4 {
					t.Fatalf("%s: element %d: found %g, expected %g", name, i, got.values[i], want.values[i])
				}
			}
		}
	})
}

// Kernels that are as they were are not transformed again; changed ones are.
func TestSetAgain(t *testing.T) {
	p := New(8, 8, 8, 8, 2)
	w := random(rand.New(rand.NewPCG(5, 6)), 8*8*taps)
	var k Kernels
	made := 0
	scratch := func(int) *Scratch { made++; return new(Scratch) }
	k.Set(p, w, false, scratch)
	k.Set(p, w, false, scratch)
	if made != 1 {
		t.Errorf("found %d transforms of the same kernels, expected 1", made)
	}
	w[100]++
	before := append([]float32(nil), k.u...)
	k.Set(p, w, false, scratch)
	if made != 2 || k.u[100/taps] == before[100/taps] && same(k.u, before) {
		t.Errorf("changed kernels were not transformed again")
	}
}

func BenchmarkConv2(b *testing.B) {
	p := New(32, 14, 14, 64, 2)
	rng := rand.New(rand.NewPCG(1, 2))
	x, w, dy := random(rng, 32*14*14), random(rng, 64*32*taps), random(rng, 64*14*14)
	var s Scratch
	var k, back Kernels
	scratch := func(int) *Scratch { return &s }
	k.Set(p, w, false, scratch)
	back.Set(p, w, true, scratch)
	y, dx, sum := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, p.GradientSize())
	b.Run("forward", func(b *testing.B) {
		for b.Loop() {
			p.Convolve(&s, y, x, &k)
		}
	})
	b.Run("dx", func(b *testing.B) {
		for b.Loop() {
			p.Back().Convolve(&s, dx, dy, &back)
		}
	})
	b.Run("dW", func(b *testing.B) {
		for b.Loop() {
			p.AddGradient(&s, sum, x, dy)
		}
	})
	b.Run("kernels", func(b *testing.B) {
		for b.Loop() {
			k.of = nil
			k.Set(p, w, false, scratch)
		}
	})
	b.Run("gradient", func(b *testing.B) {
		for b.Loop() {
			p.Gradient(&s, w, sum)
		}
	})
}
