package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a goroutine without work spins, waiting for more, before it
// ends or sleeps. To wake a goroutine takes the system some 50 µs, as long as many a
// loop takes; a training step has some forty loops, and a batch is gathered between
// two steps. Measured: with a third of this time a step on cached features takes a
// tenth longer, with three times as much it is no faster.
const patience = 300 * time.Microsecond

// helpers are the goroutines that wait for work.
var helpers struct {
	mu   sync.Mutex
	free []*helper
}

type helper struct{ next atomic.Pointer[share] }

// start has another goroutine do a share: one that is waiting, or a new one.
func start(s *share) {
	helpers.mu.Lock()
	n := len(helpers.free)
	if n == 0 {
		helpers.mu.Unlock()
		go help(s)
		return
	}
	h := helpers.free[n-1]
	helpers.free = helpers.free[:n-1]
	helpers.mu.Unlock()
	h.next.Store(s)
}

// help does a share, and then others as long as they come.
func help(s *share) {
	h := new(helper)
	for s != nil && h.do(s) {
		s = h.wait()
	}
}

// do does a share, and reports whether h then waits for more. It is among the helpers
// before the loop learns that the share is done, so that a loop that begins at once
// finds it. A body that ends its goroutine, as t.Fatal does, ends the helper too.
func (h *helper) do(s *share) (stays bool) {
	defer s.loop.done()
	s.loop.work(s.worker)
	helpers.mu.Lock()
	defer helpers.mu.Unlock()
	if len(helpers.free) >= Threads()-1 {
		return false
	}
	helpers.free = append(helpers.free, h)
	return true
}

// wait returns the next share, nil when none has come for a while.
func (h *helper) wait() *share {
	spin(func() bool { return h.next.Load() != nil })
	if h.next.Load() == nil && h.leave() {
		return nil
	}
	for h.next.Load() == nil { // it was chosen meanwhile: the share is on its way
		runtime.Gosched()
	}
	return h.next.Swap(nil)
}

// leave removes h from the waiting helpers. It reports false if h is not among them.
func (h *helper) leave() bool {
	helpers.mu.Lock()
	defer helpers.mu.Unlock()
	for i, other := range helpers.free {
		if other == h {
			helpers.free = append(helpers.free[:i], helpers.free[i+1:]...)
			return true
		}
	}
	return false
}

// spin returns when done returns true, or after patience. The number of turns is
// limited too, for clocks that tick slowly or stand still.
func spin(done func() bool) {
	const looks, turns = 200, 2000 // looks a turn; between turns other goroutines run
	begin := time.Now()
	for range turns {
		for range looks {
			if done() {
				return
			}
		}
		if time.Since(begin) > patience {
			return
		}
		runtime.Gosched()
	}
}
