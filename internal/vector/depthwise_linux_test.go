package vector

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/internal/fence"
	"github.com/lastlayer/lastlayer/internal/gemm"
)

// TestDepthwise holds the assembly to the definition, next to pages that fault: for
// planes smaller and larger than a vector, any padding, and all that follows the sums.
func TestDepthwise(t *testing.T) {
	fy, fx, fw, fa := fence.New(t), fence.New(t), fence.New(t), fence.New(t)
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 8))
		for i := range 400 {
			side, pad := []int{3, 5}[i%2], func() int { return rng.IntN(4) }
			d := Depthwise{Side: side, Stride: 1 + i/2%2, Height: 1 + rng.IntN(12), Width: 1 + rng.IntN(70), Top: pad(), Left: pad()}
			d.OutH = (d.Height+d.Top+pad()-side)/d.Stride + 1
			d.OutW = (d.Width+d.Left+pad()-side)/d.Stride + 1
			if d.Height+d.Top < side || d.Width+d.Left < side {
				continue
			}
			numbers := func(m fence.Memory, n int) []float32 {
				x, _ := guarded(rng, n)
				return m.Place(x, i/4%2 == 0)
			}
			y, x, w := numbers(fy, d.OutH*d.OutW), numbers(fx, d.Height*d.Width), numbers(fw, side*side)
			var add []float32
			what := rng.IntN(8)
			if what&2 != 0 {
				add = numbers(fa, len(y))
			}
			f := &Finish{Bias: 0.3, Normal: what&1 != 0, Mean: 0.7, Factor: 1.3, Shift: -0.2, Clip: what&4 != 0, Lo: 0, Hi: 1.5}
			if done := d.Apply(y, x, w, add, f); done != (gemm.Lanes() > 0) {
				t.Fatalf("%+v: found code %t, expected it where there are vectors", d, done)
			} else if !done {
				return
			}
			want := make([]float32, len(y))
			for j := range want {
				want[j] = float32(d.sum(x, w, j/d.OutW, j%d.OutW))
			}
			f.applyGo(want, want, add)
			for j, v := range want {
				if math.Abs(float64(y[j]-v)) > 2e-5 {
					t.Fatalf("%+v, what %d: element %d: found %g, expected %g", d, what, j, y[j], v)
				}
			}
		}
	})
}

// TestLargestWindows does the same for the largest value of windows of 3×3, among NaN
// and infinities.
func TestLargestWindows(t *testing.T) {
	fy, fx := fence.New(t), fence.New(t)
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(9, 9))
		for i := range 200 {
			d := Depthwise{Side: 3, Stride: 2, Height: 2 + rng.IntN(12), Width: 2 + rng.IntN(70), Top: rng.IntN(2), Left: rng.IntN(2)}
			d.OutH, d.OutW = (d.Height+d.Top-2)/2+1, (d.Width+d.Left-2)/2+1
			values, _ := withSpecial(rng, d.Height*d.Width)
			x := fx.Place(values, i%2 == 0)
			y := fy.Place(make([]float32, d.OutH*d.OutW), i%2 == 0)
			if !d.Largest(y, x) {
				t.Skip("there is no code for it")
			}
			want := make([]float32, len(y))
			for j := range want {
				want[j] = float32(math.Inf(-1))
				for k := range 9 {
					r, c := j/d.OutW*2-d.Top+k/3, j%d.OutW*2-d.Left+k%3
					if r >= 0 && r < d.Height && c >= 0 && c < d.Width {
						want[j] = max(want[j], x[r*d.Width+c])
					}
				}
			}
			for j, w := range want {
				if y[j] != w && !(y[j] != y[j] && w != w) {
					t.Fatalf("%+v: element %d: found %g, expected %g", d, j, y[j], w)
				}
			}
		}
	})
}

// sum is one sum by the definition.
func (d *Depthwise) sum(x, w []float32, oy, ox int) (sum float64) {
	for i := range d.Side {
		for j := range d.Side {
			r, c := oy*d.Stride-d.Top+i, ox*d.Stride-d.Left+j
			if r >= 0 && r < d.Height && c >= 0 && c < d.Width {
				sum += float64(w[i*d.Side+j]) * float64(x[r*d.Width+c])
			}
		}
	}
	return sum
}

// Apply refuses what there is no code for.
func TestDepthwiseRefuses(t *testing.T) {
	x := make([]float32, 100)
	for _, d := range []Depthwise{
		{Side: 7, Stride: 1, Height: 8, Width: 8, OutH: 2, OutW: 2},
		{Side: 3, Stride: 3, Height: 8, Width: 8, OutH: 2, OutW: 2},
		{Side: 3, Stride: 1, Height: 8, Width: 8},
	} {
		if d.Apply(x, x, x, nil, &Finish{}) {
			t.Errorf("%+v: was computed", d)
		}
	}
}
