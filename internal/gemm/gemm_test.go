package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
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

// call is one product with all that a test compares.
type call struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	lda, ldb, ldc  int
}

func (q call) String() string {
	return fmt.Sprintf("tA=%v tB=%v m=%d n=%d k=%d alpha=%g beta=%g ld=%d,%d,%d",
		q.transA, q.transB, q.m, q.n, q.k, q.alpha, q.beta, q.lda, q.ldb, q.ldc)
}

// stored returns rows and columns as stored.
func stored(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

// tight sets the smallest leading dimensions, plus slack.
func (q *call) tight(slack int) {
	_, a := stored(q.transA, q.m, q.k)
	_, b := stored(q.transB, q.k, q.n)
	q.lda, q.ldb, q.ldc = max(1, a)+slack, max(1, b)+slack, max(1, q.n)+slack
}

// sizes returns the lengths of the three slices.
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

func at(trans bool, x []float32, ld, i, j int) float64 {
	if trans {
		i, j = j, i
	}
	return float64(x[i*ld+j])
}

// compare checks got, which was old before the call, against sums in float64,
// and that slack between rows of C is untouched.
func (q call) compare(t *testing.T, a, b, old, got []float32) {
	t.Helper()
	for x, v := range got {
		i, j := x/q.ldc, x%q.ldc
		if j >= q.n {
			if math.Float32bits(v) != math.Float32bits(old[x]) {
				t.Fatalf("%v: slack of C written at row %d, column %d", q, i, j)
			}
			continue
		}
		var sum, size float64
		for p := range q.k {
			prod := at(q.transA, a, q.lda, i, p) * at(q.transB, b, q.ldb, p, j)
			sum += prod
			size += math.Abs(prod)
		}
		want := float64(q.alpha) * sum
		if q.beta != 0 {
			want += float64(q.beta) * float64(old[x])
			size += math.Abs(float64(old[x]))
		}
		if tol := 1e-6 * (1 + size); !(math.Abs(float64(v)-want) <= tol) {
			t.Fatalf("%v: C[%d,%d] is %g, expected %g ± %g", q, i, j, v, want, tol)
		}
	}
}

func filled(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rng.Float32()*2 - 1
	}
	return x
}

// run makes operands, multiplies with f and compares.
func (q call) run(t *testing.T, rng *rand.Rand, f func(a, b, c []float32)) {
	t.Helper()
	na, nb, nc := q.sizes()
	a, b, c := filled(rng, na), filled(rng, nb), filled(rng, nc)
	if q.beta == 0 {
		for i := range c {
			c[i] = float32(math.NaN())
		}
	}
	old := append([]float32(nil), c...)
	f(a, b, c)
	q.compare(t, a, b, old, c)
}

func TestSgemm(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		sizes := []int{0, 1, 2, 3, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 24, 25, 31, 32, 33, 48, 65, 100}
		scalars := []float32{0, 1, -1, 0.5}
		var ws Workspace
		for range 4000 {
			q := call{
				transA: rng.IntN(2) == 1, transB: rng.IntN(2) == 1,
				m: sizes[rng.IntN(len(sizes))], n: sizes[rng.IntN(len(sizes))], k: sizes[rng.IntN(len(sizes))],
				alpha: scalars[rng.IntN(4)], beta: scalars[rng.IntN(4)],
			}
			q.tight(rng.IntN(3) * rng.IntN(9))
			q.run(t, rng, func(a, b, c []float32) {
				ws.Sgemm(q.transA, q.transB, q.m, q.n, q.k, q.alpha, a, q.lda, b, q.ldb, q.beta, c, q.ldc)
			})
		}
	})
}
