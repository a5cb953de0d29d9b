package winograd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
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
					for i := range p.side {
						for j := range p.side {
							iy, ix := oy+i-p.pad, ox+j-p.pad
							if iy >= 0 && iy < p.height && ix >= 0 && ix < p.width {
								term((o*p.outH+oy)*p.outW+ox, (o*p.channels+c)*p.taps()+i*p.side+j, (c*p.height+iy)*p.width+ix)
							}
						}
					}
				}
			}
		}
	}
}

// near holds got to the direct sum: the largest difference to 5e-5 of the
// largest value.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	var worst, largest float64
	for i, w := range want {
		worst, largest = max(worst, math.Abs(float64(got[i])-w)), max(largest, math.Abs(w))
	}
	if !(worst <= 5e-5*largest) {
		t.Errorf("%s: largest difference %g of %g, expected at most 5e-5 of it", what, worst, largest)
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
		all[fmt.Sprintf("5×5 C%d %d×%d O%d pad %d", s[0], s[1], s[2], s[3], s[4])] = New(5, s[0], s[1], s[2], s[3], s[4])
	}
	for _, s := range [][5]int{
		{64, 20, 26, 64, 1}, // a smaller block of resnet18
		{128, 14, 14, 96, 1},
		{256, 7, 7, 32, 1},
		{16, 36, 34, 24, 1}, // in tiles of 6×6
		{16, 3, 3, 24, 0},   // a single value
		{9, 8, 13, 17, 1},   // nothing fits
		{33, 8, 7, 16, 2},   // pad as wide as it may be
		{16, 25, 12, 8, 0},
		{304, 3, 3, 304, 1}, // the points of the kernels are transformed in two goes
	} {
		all[fmt.Sprintf("3×3 C%d %d×%d O%d pad %d", s[0], s[1], s[2], s[3], s[4])] = New(3, s[0], s[1], s[2], s[3], s[4])
	}
	return all
}

func TestConvolve(t *testing.T) {
	each(t, func(t *testing.T) {
		for name, p := range plans() {
			rng := rand.New(rand.NewPCG(1, 2))
			x, w := random(rng, p.channels*p.height*p.width), random(rng, p.out*p.channels*p.taps())
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
			forward.Set(p, w, false, false, scratch)
			p.Convolve(&s, got, len(got), x, &forward, 0, p.tilesH)
			near(t, name+" output", got, y)

			parts := make([]float32, len(y))
			for o := 0; o < p.out; o += p.ChannelUnit() {
				p.ConvolveChannels(new(Scratch), parts, x, &forward, o, min(o+p.ChannelUnit(), p.out))
			}
			if !slices.Equal(parts, got) {
				t.Errorf("%s: found other bytes of some channels at a time", name)
			}

			got = make([]float32, len(x))
			backward.Set(p, w, true, false, scratch)
			back := p.Back()
			back.Convolve(&s, got, len(got), dy, &backward, 0, back.tilesH)
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

			clear(got)
			p.GradientBatch(workers(), got, slices.Concat(x, x), slices.Concat(dy, dy), 2)
			near(t, name+" gradient of a batch towards the kernels", got, dw)
		}
	})
}

// workers returns the memory of each worker.
func workers() func(worker int) *Scratch {
	all := make([]Scratch, parallel.Threads())
	return func(worker int) *Scratch { return &all[worker] }
}

// Each set of transforms gives what the loops in Go give.
func TestTransforms(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		const channels, tiles = 32, 3
		for name, c := range map[string]*transform{
			"input8": &input8, "output8to4": &output8to4, "output8to6": &output8to6, "gradient4to8": &gradient4to8, "gradient6to8": &gradient6to8,
			"input6": &input6, "output6to4": &output6to4, "gradient4to6": &gradient4to6,
		} {
			layout := func(n int) square {
				return square{make([]float32, 64*1000), 7 * channels * n, 2 * channels, channels * n * n * 9}
			}
			src, want, got := layout(len(c.matrix[0])), layout(len(c.matrix)), layout(len(c.matrix))
			copy(src.values, random(rng, len(src.values)))
			transformGo(c.matrix, want, src, tiles, channels)
			c.apply(new(Scratch), got, src, tiles, channels)
			largest := float64(max(slices.Max(want.values), -slices.Min(want.values)))
			for i := range want.values {
				if math.Abs(float64(got.values[i]-want.values[i])) > 1e-6*largest {
					t.Fatalf("%s: element %d: found %g, expected %g", name, i, got.values[i], want.values[i])
				}
			}
		}
	})
}

// Kernels that are as they were are not transformed again; changed ones are.
func TestSetAgain(t *testing.T) {
	p := New(5, 8, 8, 8, 8, 2)
	w := random(rand.New(rand.NewPCG(5, 6)), 8*8*25)
	x := random(rand.New(rand.NewPCG(7, 8)), 8*8*8)
	var k Kernels
	made := 0
	scratch := func(int) *Scratch { made++; return new(Scratch) }
	convolved := func() []float32 {
		k.Set(p, w, false, false, scratch)
		y := make([]float32, 8*8*8)
		p.Convolve(new(Scratch), y, len(y), x, &k, 0, p.tilesH)
		return y
	}
	before := convolved()
	once := made
	if !slices.Equal(convolved(), before) || made != once {
		t.Error("the same kernels were transformed again")
	}
	w[100]++
	if slices.Equal(convolved(), before) || made == once {
		t.Error("changed kernels were not transformed again")
	}
	var fixed Kernels
	fixed.Set(p, w, false, true, scratch)
	once = made
	if fixed.Set(p, w, false, true, scratch); made != once || fixed.of != nil {
		t.Error("fixed kernels: found a copy, or work, expected neither")
	}
}

// The bytes of an image do not depend on how a batch is cut into blocks.
func TestBlocks(t *testing.T) {
	each(t, func(t *testing.T) {
		for p, images := range map[*Plan]int{
			New(3, 16, 14, 9, 16, 1): 7, New(3, 24, 17, 19, 16, 1): 7, New(5, 8, 11, 30, 8, 2): 7,
			New(3, 16, 14, 14, 16, 1): 20, // more tiles than one piece takes
		} {
			rng := rand.New(rand.NewPCG(9, 9))
			x, w := random(rng, images*p.channels*p.height*p.width), random(rng, p.out*p.channels*p.taps())
			var k Kernels
			k.Set(p, w, false, false, func(int) *Scratch { return new(Scratch) })
			want, got := make([]float32, images*p.out*p.outH*p.outW), make([]float32, images*p.out*p.outH*p.outW)
			for t0 := range images * p.tilesH {
				p.Convolve(new(Scratch), want, len(want)/images, x, &k, t0, t0+1)
			}
			for name, convolve := range map[string]func(*Plan, *Batch){
				"block by block": (*Plan).blockByBlock, "point by point": (*Plan).pointByPoint,
			} {
				clear(got)
				seen := map[Run]bool{}
				var mu sync.Mutex
				finish := func(r Run) {
					mu.Lock()
					defer mu.Unlock()
					seen[r] = true
				}
				convolve(p, &Batch{workers(), got, len(got) / images, x, images, &k, finish})
				rows := 0
				for r := range seen {
					rows += r.Y1 - r.Y0
				}
				if !slices.Equal(got, want) || rows != images*p.outH {
					t.Errorf("%d×%d %s: found other bytes than row by row, or %d rows, expected %d", p.side, p.side, name, rows, images*p.outH)
				}
			}
		}
	})
}

// The gradient towards the kernels of a batch of several pieces.
func TestGradientBatch(t *testing.T) {
	each(t, func(t *testing.T) {
		p, rng := New(3, 16, 14, 14, 24, 1), rand.New(rand.NewPCG(10, 10))
		const images = 20
		x, dy := random(rng, images*p.channels*p.height*p.width), random(rng, images*p.out*p.outH*p.outW)
		dw := make([]float64, p.out*p.channels*p.taps())
		for i := range images {
			x, dy := x[i*len(x)/images:], dy[i*len(dy)/images:]
			direct(p, func(iy, iw, ix int) { dw[iw] += float64(dy[iy]) * float64(x[ix]) })
		}
		got := make([]float32, len(dw))
		p.GradientBatch(workers(), got, x, dy, images)
		near(t, "gradient towards the kernels", got, dw)
	})
}

func BenchmarkConv2(b *testing.B) {
	p := New(5, 32, 14, 14, 64, 2)
	rng := rand.New(rand.NewPCG(1, 2))
	x, w, dy := random(rng, 32*14*14), random(rng, 64*32*25), random(rng, 64*14*14)
	var s Scratch
	var k, back Kernels
	backPlan := p.Back()
	scratch := func(int) *Scratch { return &s }
	k.Set(p, w, false, false, scratch)
	back.Set(p, w, true, false, scratch)
	y, dx, sum := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, p.GradientSize())
	b.Run("forward", func(b *testing.B) {
		for b.Loop() {
			p.Convolve(&s, y, len(y), x, &k, 0, p.tilesH)
		}
	})
	b.Run("dx", func(b *testing.B) {
		for b.Loop() {
			backPlan.Convolve(&s, dx, len(dx), dy, &back, 0, backPlan.tilesH)
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
			k.Set(p, w, false, false, scratch)
		}
	})
	b.Run("gradient", func(b *testing.B) {
		for b.Loop() {
			p.Gradient(&s, w, sum)
		}
	})
}
