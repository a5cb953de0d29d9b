package gemm

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestNaNAndInf: a NaN or an infinity in A or B makes NaN of its row or column
// of C, though all other factors, and perhaps alpha, are zero.
func TestNaNAndInf(t *testing.T) {
	each(t, func(t *testing.T) {
		if inUse.rows == 0 {
			t.Skip("gonum skips zeros")
		}
		rng := rand.New(rand.NewPCG(5, 6))
		var ws Workspace
		for range 1000 {
			q := randomCall(rng)
			if q.m == 0 || q.n == 0 || q.k == 0 {
				continue
			}
			na, nb, nc := q.sizes()
			a, b, c := make([]float32, na), make([]float32, nb), make([]float32, nc)
			bad := float32(math.NaN())
			if rng.IntN(2) == 0 {
				bad = float32(math.Inf(1))
			}
			row, col := -1, -1
			if p := rng.IntN(q.k); rng.IntN(2) == 0 {
				row = rng.IntN(q.m)
				set(q.transA, a, q.lda, row, p, bad)
			} else {
				col = rng.IntN(q.n)
				set(q.transB, b, q.ldb, p, col, bad)
			}
			q.sgemm(&ws, a, b, c)
			for x, v := range c {
				i, j := x/q.ldc, x%q.ldc
				if want := j < q.n && (i == row || j == col); (v != v) != want {
					t.Fatalf("%v, %g in row %d, column %d: C[%d,%d] is %g", q, bad, row, col, i, j, v)
				}
			}
		}
	})
}

func set(trans bool, x []float32, ld, i, j int, v float32) {
	if trans {
		i, j = j, i
	}
	x[i*ld+j] = v
}

func TestNoAllocations(t *testing.T) {
	each(t, func(t *testing.T) {
		if inUse.rows == 0 {
			t.Skip("gonum allocates")
		}
		rng := rand.New(rand.NewPCG(9, 10))
		var ws Workspace
		for _, q := range []call{{m: 64, n: 100, k: 30}, {m: 2, n: 100, k: 30}, {m: 70, n: 40, k: 300, transB: true}} {
			q = q.withStrides(0)
			na, nb, nc := q.sizes()
			a, b, c := filled(rng, na), filled(rng, nb), filled(rng, nc)
			allocs := testing.AllocsPerRun(10, func() {
				q.sgemm(&ws, a, b, c)
			})
			if allocs != 0 {
				t.Errorf("%v: %g allocations a call", q, allocs)
			}
		}
	})
}

func TestPanics(t *testing.T) {
	x := make([]float32, 12)
	for _, test := range []struct {
		want string
		q    call
		a, b int // lengths
	}{
		{"negative size", call{m: -1, n: 1, k: 1, lda: 1, ldb: 1, ldc: 1}, 12, 12},
		{"leading dimension of A is 3, expected at least 4", call{m: 3, n: 3, k: 4, lda: 3, ldb: 3, ldc: 3}, 12, 12},
		{"leading dimension of B", call{m: 3, n: 3, k: 4, lda: 4, ldb: 2, ldc: 3}, 12, 12},
		{"leading dimension of C", call{m: 3, n: 3, k: 4, lda: 4, ldb: 3, ldc: 2}, 12, 12},
		{"A has 11 elements, expected at least 12", call{m: 3, n: 3, k: 4, lda: 4, ldb: 3, ldc: 3}, 11, 12},
		{"B has 11 elements", call{m: 3, n: 3, k: 4, lda: 4, ldb: 3, ldc: 3}, 12, 11},
		{"C has 12 elements", call{m: 5, n: 3, k: 1, lda: 1, ldb: 3, ldc: 3}, 12, 12},
	} {
		func() {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, test.want) {
					t.Errorf("panic %q, expected %q", got, test.want)
				}
			}()
			test.q.sgemm(new(Workspace), x[:test.a], x[:test.b], x)
		}()
	}
}

func TestUse(t *testing.T) {
	defer func(old kernel) { inUse = old }(inUse)
	if err := Use("mkl"); err == nil || !strings.Contains(err.Error(), "gonum") {
		t.Errorf("Use of an unknown kernel: %v, expected an error that lists gonum", err)
	}
	if err := Use("gonum"); err != nil || Name() != "gonum" {
		t.Errorf("Use(gonum): %v, in use %s", err, Name())
	}
	if err := Use("go"); err != nil || Name() != kernels[0].name {
		t.Errorf("Use(go): %v, in use %s", err, Name())
	}
}
