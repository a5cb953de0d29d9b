package vector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/gemm"
)

// each runs f once for each kernel of package gemm, and so with each set of
// instructions.
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

// guarded returns n normal numbers that stand between others, and a function
// that tells whether those are as they were.
func guarded(rng *rand.Rand, n int) (x []float32, intact func() bool) {
	const margin = 40
	all := make([]float32, n+2*margin)
	for i := range all {
		all[i] = float32(rng.NormFloat64())
	}
	before := slices.Clone(all)
	return all[margin : margin+n : margin+n], func() bool {
		return slices.Equal(all[:margin], before[:margin]) && slices.Equal(all[margin+n:], before[margin+n:])
	}
}

func TestSolverSteps(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 1))
		momentum := MomentumStep{Rate: 0.1, Momentum: 0.9, Decay: 0.01}
		adam := AdamStep{Rate: 0.1, Beta1: 0.9, Beta2: 0.999, Fix1: 3, Fix2: 7, Epsilon: 1e-8, Decay: 0.01}
		for _, n := range []int{0, 1, 7, 16, 33, 100} {
			w, intactW := guarded(rng, n)
			g, intactG := guarded(rng, n)
			m, intactM := guarded(rng, n)
			v, intactV := guarded(rng, n)
			for i := range v {
				v[i] *= v[i]
			}
			want := [][]float32{slices.Clone(w), slices.Clone(g), slices.Clone(m), slices.Clone(v)}
			momentum.Apply(w, g, m)
			adam.Apply(w, g, m, v)
			for i := range n {
				w, g, m, v := &want[0][i], want[1][i], &want[2][i], &want[3][i]
				*m = float32(momentum.Momentum**m) + (g + float32(momentum.Decay**w))
				*w -= float32(momentum.Rate * *m)
				*m = float32(adam.Beta1**m) + float32((1-adam.Beta1)*g)
				*v = float32(adam.Beta2**v) + float32((1-adam.Beta2)*g*g)
				*w -= float32(adam.Rate * (*m*adam.Fix1/(float32(math.Sqrt(float64(*v*adam.Fix2)))+adam.Epsilon) + float32(adam.Decay**w)))
			}
			for i, got := range [][]float32{w, g, m, v} {
				if !slices.Equal(got, want[i]) {
					t.Errorf("n %d, slice %d: found other bytes than of the formula", n, i)
				}
			}
			if !intactW() || !intactG() || !intactM() || !intactV() {
				t.Errorf("n %d: wrote outside of the slices", n)
			}
		}
	})
}

func TestSum(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 2))
		for _, n := range []int{0, 1, 15, 16, 17, 63, 64, 200, 784} {
			x, _ := guarded(rng, n)
			want := 0.0
			for _, v := range x {
				want += float64(v)
			}
			if got := Sum(x); math.Abs(float64(got)-want) > 1e-4 {
				t.Errorf("n %d: found %g, expected %g", n, got, want)
			}
		}
	})
}

// Pooling and its gradient against the definition, with NaN, infinities and
// equal values among the numbers.
func TestPool(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 3))

		for _, p := range []Pool{{2, 2, true}, {14, 14, true}, {28, 28, false}, {5, 7, true}, {3, 32, true}, {4, 34, false}, {6, 99, true}, {1, 9, true}} {
			name := fmt.Sprintf("%d×%d rectify %v", p.Height, p.Width, p.Rectify)
			n := p.rows() * p.columns()
			z, _ := guarded(rng, p.Height*p.Width)
			for i := range z {
				if rng.IntN(5) == 0 {
					z[i] = special[rng.IntN(len(special))]
				}
			}
			y, intactY := guarded(rng, n)
			dy, _ := guarded(rng, n)
			dz, intactDz := guarded(rng, len(z))
			at := make([]uint8, n+2)
			at[n], at[n+1] = 77, 77
			p.Max(y, at, z, 0.5)
			p.Back(dz, dy, y, at[:n])
			wantDz := make([]float32, len(z))
			for i := range n {
				corner := 2*(i/p.columns())*p.Width + 2*(i%p.columns())
				window := []int{corner, corner + 1, corner + p.Width, corner + p.Width + 1}
				best := 0
				for q, place := range window {
					if v := z[place]; v > z[window[best]] || v != v {
						best = q
					}
				}
				want := z[window[best]] + 0.5
				if p.Rectify {
					want = max(want, 0)
				}
				if y[i] != want && !(y[i] != y[i] && want != want) || int(at[i]) != best {
					t.Fatalf("%s: window %d: found %g at %d, expected %g at %d", name, i, y[i], at[i], want, best)
				}
				if !p.Rectify || want > 0 {
					wantDz[window[best]] = dy[i]
				}
			}
			if !slices.Equal(dz, wantDz) {
				t.Errorf("%s: found another gradient than expected", name)
			}
			if !intactY() || !intactDz() || at[n] != 77 || at[n+1] != 77 {
				t.Errorf("%s: wrote outside of the slices", name)
			}
		}
	})
}

// special are numbers that vectors may treat otherwise than the language does.
var special = []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1, 1, 1, 0, float32(math.Copysign(0, -1))}

func withSpecial(rng *rand.Rand, n int) ([]float32, func() bool) {
	x, intact := guarded(rng, n)
	for i := range x {
		if rng.IntN(5) == 0 {
			x[i] = special[rng.IntN(len(special))]
		}
	}
	return x, intact
}

// equalBits holds got to want, bit by bit but for what a NaN carries.
func equalBits(t *testing.T, name string, got, want []float32) {
	t.Helper()
	for i, w := range want {
		if g := got[i]; math.Float32bits(g) != math.Float32bits(w) && !(g != g && w != w) {
			t.Fatalf("%s: element %d of %d: found %g, expected %g", name, i, len(want), g, w)
		}
	}
}

// Every set of instructions gives the bits of the loop in Go.
func TestFinish(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(4, 4))
		for _, n := range []int{0, 1, 7, 8, 15, 16, 17, 33, 100} {
			for what := range 8 {
				f := Finish{Bias: 0.3, Normal: what&1 != 0, Mean: 0.7, Factor: 1.3, Shift: -0.2, Clip: what&4 != 0, Lo: 0, Hi: 1.5}
				x, _ := withSpecial(rng, n)
				y, intact := guarded(rng, n)
				var add []float32
				if what&2 != 0 {
					add, _ = withSpecial(rng, n)
				}
				want := make([]float32, n)
				f.applyGo(want, x, add)
				f.Apply(y, x, add)
				equalBits(t, fmt.Sprintf("%+v, with add %t", f, add != nil), y, want)
				f.Apply(x, x, add)
				equalBits(t, "in place", x, want)
				if !intact() {
					t.Errorf("n %d: wrote outside of the slice", n)
				}
			}
		}
	})
}

func TestShifts(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 5))
		for _, n := range []int{0, 1, 7, 8, 16, 31, 64, 65, 200} {
			at := []int{3, 0, 17, 17, 40}
			x, _ := guarded(rng, n+40)
			weights, _ := guarded(rng, len(at))
			y, intact := guarded(rng, n)
			Taps(y, x, at, weights)
			for i := range y {
				var want float64
				for k, from := range at {
					want += float64(weights[k]) * float64(x[from+i])
				}
				if math.Abs(float64(y[i])-want) > 1e-5 {
					t.Fatalf("Taps, n %d: element %d: found %g, expected %g", n, i, y[i], want)
				}
			}
			x, _ = withSpecial(rng, n+40)
			Largest(y, x, at)
			for i := range y {
				want := x[at[0]+i]
				for _, from := range at {
					want = max(want, x[from+i])
				}
				if y[i] != want && !(y[i] != y[i] && want != want) {
					t.Fatalf("Largest, n %d: element %d: found %g, expected %g", n, i, y[i], want)
				}
			}
			if !intact() {
				t.Errorf("n %d: wrote outside of the slice", n)
			}
		}
		for _, at := range [][]int{nil, {-1}, {1}} {
			for name, f := range map[string]func(){
				"Taps":    func() { Taps(make([]float32, 4), make([]float32, 4), at, make([]float32, 1)) },
				"Largest": func() { Largest(make([]float32, 4), make([]float32, 4), at) },
			} {
				func() {
					defer func() {
						if recover() == nil {
							t.Errorf("%s with shifts %v: expected a panic", name, at)
						}
					}()
					f()
				}()
			}
		}
	})
}
