package gemm

import (
	"sync"

	"github.com/lastlayer/lastlayer/internal/parallel"
)

// Pool multiplies with the threads of package parallel. The zero value is
// ready. Calls from several goroutines run one after the other.
type Pool struct {
	mu      sync.Mutex
	workers []Workspace
}

// Products smaller than this many multiplications are not worth waking other
// threads.
const minParallel = 1 << 19

// Sgemm computes the same as Workspace.Sgemm. The columns of C, or its rows if
// it is high and narrow, are cut into parts by size alone; k is never cut. So
// the result does not depend on the number of threads.
func (p *Pool) Sgemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := parallel.Threads(); len(p.workers) < t {
		p.workers = make([]Workspace, t)
	}
	g := product{
		m: m, n: n, k: k, alpha: alpha, beta: beta,
		b: b, ldb: ldb, transB: transB, c: c, ldc: ldc,
	}
	g.check()
	g.setA(transA, a, lda)
	g.checkB()
	if m*n*k < minParallel || parallel.Threads() == 1 || inUse.rows == 0 {
		p.workers[0].multiply(&g)
		return
	}
	parts, part := g.cut()
	parallel.For(parts, func(worker, i int) {
		g := part(i)
		p.workers[worker].multiply(&g)
	})
}

// cut divides C into parts of whole tiles: by columns, so that no part of B is
// packed twice, or by rows if there are few columns. part returns the i-th.
func (g product) cut() (parts int, part func(i int) product) {
	const wanted = 8
	if nr := inUse.nr(); g.n > wanted/2*nr {
		size := roundUp((g.n+wanted-1)/wanted, nr)
		return (g.n + size - 1) / size, func(i int) product { return g.columnsOf(i*size, min((i+1)*size, g.n)) }
	}
	size := roundUp((g.m+wanted-1)/wanted, inUse.rows)
	return (g.m + size - 1) / size, func(i int) product { return g.rowsOf(i*size, min((i+1)*size, g.m)) }
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// columnsOf returns the product for columns [j0,j1) of C.
func (g product) columnsOf(j0, j1 int) product {
	g.n = j1 - j0
	g.c = g.c[j0:]
	if g.transB {
		g.b = g.b[j0*g.ldb:]
	} else if g.k > 0 {
		g.b = g.b[j0:]
	}
	return g
}

// rowsOf returns the product for rows [i0,i1) of C.
func (g product) rowsOf(i0, i1 int) product {
	g.m = i1 - i0
	g.c = g.c[i0*g.ldc:]
	g.a = g.a[i0*g.rsA:]
	return g
}
