package parallel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// patience is how long a goroutine without work looks out for more before it
// ends, or before it sleeps. To wake one takes the system some 50 µs, as long
// as many a loop; a training step has some forty loops, one soon after the
// other.
const patience = 100 * time.Microsecond

// helpers are the goroutines that look out for work.
var helpers struct {
	mu   sync.Mutex
	free []*helper
}

type helper struct{ job atomic.Pointer[func()] }

// start runs job on another goroutine: one that is looking out, or a new one.
func start(job func()) {
	helpers.mu.Lock()
	n := len(helpers.free)
	if n == 0 {
		helpers.mu.Unlock()
		go help(job)
		return
	}
	h := helpers.free[n-1]
	helpers.free = helpers.free[:n-1]
	helpers.mu.Unlock()
	h.job.Store(&job)
}

// help runs job, and more as long as there are.
func help(job func()) {
	h := new(helper)
	for job != nil {
		job()
		helpers.mu.Lock()
		helpers.free = append(helpers.free, h)
		helpers.mu.Unlock()
		job = h.next()
	}
}

// next returns the next job, nil when none has come for a while.
func (h *helper) next() func() {
	lookOut(func() bool { return h.job.Load() != nil })
	if h.job.Load() == nil && h.leave() {
		return nil
	}
	for h.job.Load() == nil { // it was chosen meanwhile: the job is on its way
		runtime.Gosched()
	}
	return *h.job.Swap(nil)
}

// leave takes h from those that look out. It reports false if h is not among
// them.
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

// lookOut returns when done does, or after patience.
func lookOut(done func() bool) {
	const looks = 50 // between two looks at the clock, and turns for others
	for begin := time.Now(); time.Since(begin) < patience; runtime.Gosched() {
		for range looks {
			if done() {
				return
			}
		}
	}
}
