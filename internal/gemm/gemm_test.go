package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// each runs f once for each kernel of this machine.
func each(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	defer func(old kernel) { inUse = old }(inUse)
	for _, kn := range kernels {
		if err := Use(kn.name); err != nil {
			t.Fatal(err)
		}
		t.Run(kn.name, f)
	}
}

// call is the arguments of one product, without the slices.
type call struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	lda, ldb, ldc  int
}

func (q call) String() string {
	return fmt.Sprintf("transA=%v transB=%v m=%d n=%d k=%d alpha=%g beta=%g ld=%d,%d,%d",
		q.transA, q.transB, q.m, q.n, q.k, q.alpha, q.beta, q.lda, q.ldb, q.ldc)
}

// withStrides sets the leading dimensions, slack longer than the rows.
func (q call) withStrides(slack int) call {
	_, a := stored(q.transA, q.m, q.k)
	_, b := stored(q.transB, q.k, q.n)
	q.lda, q.ldb, q.ldc = max(1, a)+slack, max(1, b)+slack, max(1, q.n)+slack
	return q
}

// stored returns the rows and columns of op(X) as X is stored.
func stored(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

// sizes returns the least lengths of the three slices.
func (q call) sizes() (a, b, c int) {
	length := func(rows, cols, ld int) int {
		if rows == 0 || cols == 0 {
			return 0
		}
		return (rows-1)*ld + cols
	}
	ar, ac := stored(q.transA, q.m, q.k)
	br, bc := stored(q.transB, q.k, q.n)
	return length(ar, ac, q.lda), length(br, bc, q.ldb), length(q.m, q.n, q.ldc)
}

func (q call) sgemm(ws *Workspace, a, b, c []float32) {
	ws.Sgemm(q.transA, q.transB, q.m, q.n, q.k, q.alpha, a, q.lda, b, q.ldb, q.beta, c, q.ldc)
}

// check compares got, which was old before the call, with sums in float64, and
// sees that the slack between rows of C is untouched. It returns the first
// difference.
func (q call) check(a, b, old, got []float32) error {
	at := func(trans bool, x []float32, ld, i, j int) float64 {
		if trans {
			i, j = j, i
		}
		return float64(x[i*ld+j])
	}
	for x, v := range got {
		i, j := x/q.ldc, x%q.ldc
		if j >= q.n {
			if math.Float32bits(v) != math.Float32bits(old[x]) {
				return fmt.Errorf("%v: written behind row %d of C, column %d", q, i, j)
			}
			continue
		}
		var sum, size float64
		for p := range q.k {
			product := at(q.transA, a, q.lda, i, p) * at(q.transB, b, q.ldb, p, j)
			sum += product
			size += math.Abs(product)
		}
		want := float64(q.alpha) * sum
		size *= math.Abs(float64(q.alpha))
		if q.beta != 0 {
			want += float64(q.beta) * float64(old[x])
			size += math.Abs(float64(q.beta) * float64(old[x]))
		}
		if tol := 3e-7 * (1 + math.Sqrt(float64(q.k))) * (1 + size); !(math.Abs(float64(v)-want) <= tol) {
			return fmt.Errorf("%v: C[%d,%d] is %g, expected %g ± %g", q, i, j, v, want, tol)
		}
	}
	return nil
}

// guarded is a slice in the middle of a larger one.
type guarded struct{ all, inner, before []float32 }

const guard = 64

func newGuarded(rng *rand.Rand, n int) guarded {
	all := filled(rng, n+2*guard)
	return guarded{all, all[guard : guard+n : guard+n], slices.Clone(all)}
}

// touched says whether anything but the inner slice has changed, or that too.
func (g guarded) touched(inner bool) bool {
	same := func(x, y []float32) bool {
		return slices.EqualFunc(x, y, func(v, w float32) bool { return math.Float32bits(v) == math.Float32bits(w) })
	}
	end := guard + len(g.inner)
	return !same(g.all[:guard], g.before[:guard]) || !same(g.all[end:], g.before[end:]) ||
		inner && !same(g.inner, g.before[guard:end])
}

func filled(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x
}

// run makes guarded operands, multiplies with f and checks all there is to
// check. Where C must not be read, it is NaN before.
func (q call) run(rng *rand.Rand, f func(a, b, c []float32)) error {
	na, nb, nc := q.sizes()
	a, b, c := newGuarded(rng, na), newGuarded(rng, nb), newGuarded(rng, nc)
	if q.beta == 0 {
		for i := range c.inner {
			c.inner[i] = float32(math.NaN())
		}
	}
	old := slices.Clone(c.inner)
	f(a.inner, b.inner, c.inner)
	if a.touched(true) || b.touched(true) || c.touched(false) {
		return fmt.Errorf("%v: written outside C", q)
	}
	return q.check(a.inner, b.inner, old, c.inner)
}

// edges are sizes around those of tiles and blocks.
var edges = []int{0, 1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 24, 25, 31, 32, 33, 48, 65, 100, 130}

func randomCall(rng *rand.Rand) call {
	size := func() int { return edges[rng.IntN(len(edges))] }
	scalar := func() float32 { return []float32{0, 1, -1, 0.5}[rng.IntN(4)] }
	q := call{
		transA: rng.IntN(2) == 1, transB: rng.IntN(2) == 1,
		m: size(), n: size(), k: size(), alpha: scalar(), beta: scalar(),
	}
	return q.withStrides(rng.IntN(3) * rng.IntN(9))
}

func TestSgemm(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		var ws Workspace
		for range 1500 {
			q := randomCall(rng)
			if err := q.run(rng, func(a, b, c []float32) { q.sgemm(&ws, a, b, c) }); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestBlocks has sizes of more than one block in each direction.
func TestBlocks(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		var ws Workspace
		for _, q := range []call{
			{m: 3, n: 700, k: 530, alpha: 1},
			{m: 9, n: 1100, k: 257, alpha: 1},
			{m: 5, n: 1100, k: 257, alpha: -0.5, beta: 1, transB: true},
			{m: 70, n: 70, k: 600, alpha: 1, beta: 0.5, transA: true},
		} {
			q = q.withStrides(1)
			if err := q.run(rng, func(a, b, c []float32) { q.sgemm(&ws, a, b, c) }); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestPack gives products a B that a function writes, which leaves NaN around it. Each
// number is asked for once, and the bytes are those of the product with B itself.
func TestPack(t *testing.T) {
	each(t, func(t *testing.T) {
		if inUse.rows == 0 {
			t.Skip("there are no panels")
		}
		rng := rand.New(rand.NewPCG(9, 10))
		var ws Workspace
		for range 60 {
			m, n, k := 1+rng.IntN(60), 1+rng.IntN(700), 1+rng.IntN(600)
			a, b := filled(rng, m*k), filled(rng, k*n)
			var mu sync.Mutex
			asked := make([]int, k*n)
			pack := func(panel []float32, ld, p0, p1, j, width int) {
				mu.Lock()
				defer mu.Unlock()
				for i := range panel {
					panel[i] = float32(math.NaN())
				}
				for p := p0; p < p1; p++ {
					copy(panel[(p-p0)*ld:][:width], b[p*n+j:])
					for i := range width {
						asked[p*n+j+i]++
					}
				}
			}
			once := func(what string) {
				t.Helper()
				if slices.Min(asked) != 1 || slices.Max(asked) != 1 {
					t.Fatalf("%s, m=%d n=%d k=%d: a number was asked for %d to %d times, expected once", what, m, n, k, slices.Min(asked), slices.Max(asked))
				}
				clear(asked)
			}
			want, got := make([]float32, m*n), make([]float32, m*n)
			ws.Multiply(m, n, k, a, k, b, n, want, n, nil)
			ws.MultiplyPack(m, n, k, a, k, pack, got, n, nil)
			once("MultiplyPack")
			if !slices.Equal(got, want) {
				t.Fatalf("MultiplyPack, m=%d n=%d k=%d: found other bytes", m, n, k)
			}
			var p Packed
			p.SetPack(k, n, pack)
			once("SetPack")
			clear(got)
			if p.Multiply(&ws, m, a, k, got, n, nil); !slices.Equal(got, want) {
				t.Fatalf("SetPack, m=%d n=%d k=%d: found other bytes", m, n, k)
			}
		}
	})
}

// TestSpread has rows of A a page apart, of which a copy is made: the bytes are those of
// rows elsewhere.
func TestSpread(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(6, 7))
		var ws Workspace
		const m, n, k, page = 27, 210, 700, 1 << 10
		for _, lda := range []int{page, 2 * page} {
			apart := call{m: m, n: n, k: k, alpha: 1, lda: lda, ldb: n, ldc: n}
			na, nb, nc := apart.sizes()
			a, b, got := filled(rng, na), filled(rng, nb), make([]float32, nc)
			apart.sgemm(&ws, a, b, got)
			near, other := call{m: m, n: n, k: k, alpha: 1, lda: k, ldb: n, ldc: n}, make([]float32, m*k)
			for i := range m {
				copy(other[i*k:][:k], a[i*lda:])
			}
			want := make([]float32, nc)
			near.sgemm(&ws, other, b, want)
			if !slices.Equal(got, want) {
				t.Errorf("rows %d apart: found other bytes than of rows %d apart", lda, k)
			}
			var p Packed
			p.Set(b, n, k, n)
			if p.Multiply(&ws, m, a, lda, got, n, nil); !slices.Equal(got, want) {
				t.Errorf("rows %d apart, B packed: found other bytes", lda)
			}
		}
	})
}

// A packed B gives the bytes of the product with B where it lies.
func TestPacked(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 8))
		numbers := func(n int) []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			return x
		}
		var p Packed
		var ws Workspace
		for _, size := range [][3]int{{1, 1, 1}, {5, 7, 3}, {12, 32, 256}, {25, 100, 300}, {100, 64, 64}, {3, 70, 520}, {0, 5, 5}, {4, 5, 0}} {
			m, n, k := size[0], size[1], size[2]
			a, b := numbers(m*k+2*m), numbers(k*n+3*k)
			want, got := make([]float32, m*(n+1)), make([]float32, m*(n+1))
			p.Set(b, n+3, k, n)
			p.Multiply(&ws, m, a, k+2, got, n+1, nil)
			ws.Sgemm(false, false, m, n, k, 1, a, k+2, b, n+3, 0, want, n+1)
			if !slices.Equal(got, want) {
				t.Errorf("%v: found other bytes than of Sgemm", size)
			}
			clear(got)
			for j0 := 0; j0 < n; j0 += PanelWidth() { // other columns stay as they are
				p.MultiplyColumns(&ws, m, a, k+2, got, n+1, j0, min(j0+PanelWidth(), n), nil)
				if m > 0 && n > j0+PanelWidth() && got[j0+PanelWidth()] != 0 {
					t.Errorf("%v: found column %d written to with those before it", size, j0+PanelWidth())
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%v: found other bytes of some columns at a time than of Sgemm", size)
			}
			turned := make([]float32, n*(k+1))
			for i := range k {
				for j := range n {
					turned[j*(k+1)+i] = b[i*(n+3)+j]
				}
			}
			clear(got)
			p.SetTransposed(turned, k+1, k, n)
			if p.Multiply(&ws, m, a, k+2, got, n+1, nil); !slices.Equal(got, want) {
				t.Errorf("%v: found other bytes of the transpose than of Sgemm", size)
			}
		}
	})
	if len(kernels) < 2 {
		return
	}
	defer func(old kernel) { inUse = old }(inUse)
	defer func() {
		if recover() == nil {
			t.Error("another kernel's packing: expected a panic")
		}
	}()
	var p Packed
	p.Set([]float32{1}, 1, 1, 1)
	inUse = kernels[(slices.IndexFunc(kernels, func(kn kernel) bool { return kn.name == inUse.name })+1)%len(kernels)]
	p.Multiply(new(Workspace), 1, []float32{1}, 1, make([]float32, 1), 1, nil)
}
