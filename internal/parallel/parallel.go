// Package parallel spreads independent pieces of work over a number of
// goroutines. Every loop of lastlayer that uses more than one core goes
// through For, so --threads is obeyed in one place.
//
// Results must not depend on the number of threads: a caller cuts its work into pieces by
// the size of the work alone, or in a way that changes nothing, and each piece writes to
// memory of its own.
package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/pkg/errors"
)

// threads is what Threads returns; 0: not asked for yet.
var threads atomic.Int32

// SetThreads sets how many goroutines For uses, from 1 up. Zero brings back
// the default, one a processor. Call it before the work, not during it: it
// must not change while workspaces sized by Threads are in use.
func SetThreads(n int) error {
	if n < 0 || n > 1024 {
		return errors.Errorf("threads: found %d, expected 0 (one a processor) to 1024", n)
	}
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	threads.Store(int32(n))
	return nil
}

// Threads returns how many goroutines For uses at most. The default is one a
// processor, as many as there were at the first call: the runtime may change
// GOMAXPROCS at any time, workspaces cannot follow.
func Threads() int {
	if threads.Load() == 0 {
		threads.CompareAndSwap(0, int32(runtime.GOMAXPROCS(0)))
	}
	return int(threads.Load())
}

// Even returns into how many pieces to cut work: the number given, if above 1 rounded
// up to an even one, so that two or four threads end together, and from 1 to most.
func Even(pieces, most int) int {
	if pieces > 1 {
		pieces += pieces % 2
	}
	return max(1, min(pieces, most))
}

// Parts cuts n units of work into even parts: of at most largest units, and four a thread
// if they are of at least least units. So threads end together although their processors
// differ in speed, as those of laptops and of shared machines do. It returns where the
// parts begin, and n. The parts depend on the number of threads, so the result of the work
// must not depend on them.
func Parts(n, largest, least int) []int {
	const aThread = 4
	largest = max(largest, least, 1)
	parts := (n + largest - 1) / largest
	if t := Threads(); t > 1 {
		parts = max(parts, min(aThread*t, n/max(least, 1)))
	}
	return Cut(n, parts)
}

// Cut cuts n units into that many even parts, at most n, and returns where they begin, and
// n.
func Cut(n, parts int) []int {
	parts = max(min(parts, n), 1)
	bounds := make([]int, parts+1)
	for i := range bounds {
		bounds[i] = i * n / parts
	}
	return bounds
}

// Ranges calls body with each part [from,to) that Parts cuts, as For does.
func Ranges(n, largest, least int, body func(worker, from, to int)) {
	if n == 0 {
		return
	}
	bounds := Parts(n, largest, least)
	For(len(bounds)-1, func(worker, i int) { body(worker, bounds[i], bounds[i+1]) })
}

// For calls body(worker, i) once for each i in [0,n), n below 2³², and returns when all
// are done. Calls with the same worker, in [0,Threads()), never run at the same time, so
// worker may index scratch memory. A panic of a body is raised again in the caller.
//
// Each worker begins with a range of its own, and when it is done takes from the ends of
// the others' (affinity scheduling: Markatos and LeBlanc, IEEE Transactions on Parallel and
// Distributed Systems 5 (4), 1994). So loops over the same data mostly have the same worker
// for the same part, whose values are in its processor's cache: values that another
// processor wrote come as slowly as from memory. Which worker takes which i is not defined.
func For(n int, body func(worker, i int)) {
	if int64(n) >= 1<<32 {
		panic(errors.Errorf("parallel: found %d pieces of work, expected fewer than 2³²", n))
	}
	workers := min(Threads(), n)
	if workers <= 1 {
		for i := range n {
			body(0, i)
		}
		return
	}
	l := &loop{body: body, left: make([]span, workers)}
	for w := range l.left {
		l.left[w].set(w*n/workers, (w+1)*n/workers)
	}
	l.wait.Add(workers - 1)
	l.busy.Store(int32(workers - 1))
	for w := 1; w < workers; w++ {
		start(&share{l, w})
	}
	defer l.wait.Wait() // also if the body ends this goroutine, as t.Fatal does
	l.work(0)
	spin(func() bool { return l.busy.Load() == 0 })
	l.wait.Wait()
	if p := l.panicked.Load(); p != nil {
		panic(*p)
	}
}

// done notes that one worker is done.
func (l *loop) done() {
	l.busy.Add(-1)
	l.wait.Done()
}

// share is what one worker does of a loop.
type share struct {
	loop   *loop
	worker int
}

type loop struct {
	body     func(worker, i int)
	left     []span       // what each worker has not begun
	busy     atomic.Int32 // workers that are not done, to look at
	wait     sync.WaitGroup
	panicked atomic.Pointer[any]
}

// span is a range of pieces. Its worker takes them from the front, the others from the
// back.
type span struct {
	ends atomic.Uint64 // begin<<32 | end
	_    [7]uint64     // a cache line each
}

func (s *span) set(begin, end int) { s.ends.Store(uint64(begin)<<32 | uint64(end)) }

// take returns a piece of the span. It reports false if none is left.
func (s *span) take(front bool) (int, bool) {
	for {
		ends := s.ends.Load()
		begin, end := ends>>32, ends&(1<<32-1)
		if begin >= end {
			return 0, false
		}
		i, rest := begin, (begin+1)<<32|end
		if !front {
			i, rest = end-1, begin<<32|(end-1)
		}
		if s.ends.CompareAndSwap(ends, rest) {
			return int(i), true
		}
	}
}

func (l *loop) work(worker int) {
	defer func() {
		if p := recover(); p != nil {
			l.panicked.CompareAndSwap(nil, &p)
			for w := range l.left {
				l.left[w].set(0, 0)
			}
		}
	}()
	for w := range l.left {
		of := (worker + w) % len(l.left)
		for {
			i, ok := l.left[of].take(w == 0)
			if !ok {
				break
			}
			l.body(worker, i)
		}
	}
}
