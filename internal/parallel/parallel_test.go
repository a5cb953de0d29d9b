package parallel

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestForVisitsEachOnce(t *testing.T) {
	t.Cleanup(func() { _ = SetThreads(0) })
	for _, threads := range []int{1, 2, 7} {
		if err := SetThreads(threads); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1, 2, 100} {
			visits := make([]atomic.Int32, n)
			var busy [8]atomic.Int32
			For(n, func(worker, i int) {
				if busy[worker].Add(1) != 1 {
					t.Errorf("worker %d runs twice at the same time", worker)
				}
				visits[i].Add(1)
				busy[worker].Add(-1)
			})
			for i := range visits {
				if got := visits[i].Load(); got != 1 {
					t.Errorf("threads %d, n %d: index %d visited %d times", threads, n, i, got)
				}
			}
		}
	}
}

func TestParts(t *testing.T) {
	t.Cleanup(func() { _ = SetThreads(0) })
	for _, threads := range []int{1, 2, 5} {
		if err := SetThreads(threads); err != nil {
			t.Fatal(err)
		}
		for _, c := range [][3]int{{0, 4, 1}, {1, 4, 1}, {3, 1, 7}, {28, 14, 1}, {100, 12, 3}, {101, 1000, 4}, {7, 0, 0}} {
			n, largest, least := c[0], max(c[1], c[2], 1), max(c[2], 1)
			bounds := Parts(c[0], c[1], c[2])
			if bounds[0] != 0 || bounds[len(bounds)-1] != n {
				t.Errorf("threads %d, %v: found %v, expected from 0 to %d", threads, c, bounds, n)
			}
			for i := range len(bounds) - 1 {
				if size := bounds[i+1] - bounds[i]; size < min(least, n)/2 || size > largest {
					t.Errorf("threads %d, %v: found %v, expected parts of %d to %d", threads, c, bounds, least, largest)
				}
			}
		}
	}
	if err := SetThreads(2); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ found, expected []int }{
		{Parts(28, 14, 2), []int{0, 3, 7, 10, 14, 17, 21, 24, 28}},
		{Parts(13, 13, 5), []int{0, 6, 13}},
		{Parts(100, 10, 4), []int{0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100}},
		{Parts(0, 4, 1), []int{0, 0}},
	} {
		if !slices.Equal(c.found, c.expected) {
			t.Errorf("found %v, expected %v", c.found, c.expected)
		}
	}
}

func TestRanges(t *testing.T) {
	Ranges(0, 4, 1, func(_, from, to int) { t.Errorf("found work from %d to %d, expected none", from, to) })
	var sum atomic.Int64
	Ranges(100, 7, 2, func(_, from, to int) { sum.Add(int64(to - from)) })
	if sum.Load() != 100 {
		t.Errorf("found %d units of work, expected 100", sum.Load())
	}
}

// A worker takes its own part of the pieces, and the others' when it is done.
func TestForKeepsWorkersApart(t *testing.T) {
	t.Cleanup(func() { _ = SetThreads(0) })
	if err := SetThreads(2); err != nil {
		t.Fatal(err)
	}
	var of [8]atomic.Int32
	both := make(chan bool)
	For(8, func(worker, i int) {
		if i == 0 || i == 4 { // each waits for the other
			select {
			case both <- true:
			case <-both:
			}
		}
		of[i].Store(int32(worker))
	})
	if of[0].Load() != 0 || of[4].Load() != 1 {
		t.Errorf("found pieces 0 and 4 with workers %d and %d, expected 0 and 1", of[0].Load(), of[4].Load())
	}
	done := make(chan bool)
	For(8, func(worker, i int) {
		switch {
		case i == 0: // the first worker's other pieces are left to the second
			<-done
		case i == 1:
			close(done)
			if worker != 1 {
				t.Error("the second worker left pieces of the first, which is not done")
			}
		}
	})
}

func TestForRaisesPanicInCaller(t *testing.T) {
	t.Cleanup(func() { _ = SetThreads(0) })
	if err := SetThreads(3); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if got := recover(); got != "broken" {
			t.Errorf("recovered %v, want the body's panic", got)
		}
	}()
	For(50, func(_, i int) {
		if i == 20 {
			panic("broken")
		}
	})
	t.Error("For returned although a body panicked")
}

func TestSetThreadsRefusesNonsense(t *testing.T) {
	for _, n := range []int{-1, 1025} {
		if SetThreads(n) == nil {
			t.Errorf("SetThreads(%d) accepted", n)
		}
	}
}

// Loops of several goroutines at once share the helpers, and helpers that find
// no more work end.
func TestForAtOnce(t *testing.T) {
	t.Cleanup(func() { _ = SetThreads(0) })
	if err := SetThreads(3); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for round := range 300 {
				var sum atomic.Int64
				For(round%7, func(_, i int) { sum.Add(int64(i)) })
				if n := int64(round % 7); sum.Load() != n*(n-1)/2 {
					t.Errorf("round %d: found the sum %d, expected %d", round, sum.Load(), n*(n-1)/2)
				}
				if round%100 == 0 {
					time.Sleep(2 * patience) // helpers end, and are started anew
				}
			}
		})
	}
	callers.Wait()
	for wait := time.Millisecond; runtime.NumGoroutine() > before; wait *= 2 {
		if wait > 10*time.Second {
			t.Fatalf("found %d goroutines, expected %d as before", runtime.NumGoroutine(), before)
		}
		time.Sleep(wait)
	}
}

// A body that ends the caller's goroutine does not leave the other workers behind.
func TestForGoexit(t *testing.T) {
	t.Cleanup(func() { _ = SetThreads(0) })
	if err := SetThreads(2); err != nil {
		t.Fatal(err)
	}
	var done atomic.Int32
	var caller sync.WaitGroup
	begun := make(chan bool)
	caller.Go(func() {
		defer func() {
			if done.Load() != 1 {
				t.Error("For returned before the other worker was done")
			}
		}()
		For(2, func(_, i int) {
			if i == 0 {
				<-begun
				runtime.Goexit()
			}
			close(begun)
			time.Sleep(20 * time.Millisecond)
			done.Add(1)
		})
	})
	caller.Wait()
}
