package parallel

import (
	"sync/atomic"
	"testing"
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
