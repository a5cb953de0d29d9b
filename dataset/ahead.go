package dataset

import (
	"sync"

	"github.com/lastlayer/lastlayer/internal/parallel"
)

// ahead reads images in several goroutines. While its caller works on some that follow each other, it
// reads the next ones: who goes through a set in order need not say so.
type ahead struct {
	mu    sync.Mutex
	ready map[int]*arriving // not asked for yet
}

// arriving is an image that is being read.
type arriving struct {
	done   chan struct{} // closed at the end
	pixels []byte
	err    error
}

// wait returns the bytes once they are there.
func (a *arriving) wait() ([]byte, error) {
	<-a.done
	return a.pixels, a.err
}

// begin begins to read images of n, and as many more if these follow each other. What was read ahead and
// is not among them is forgotten.
func (a *ahead) begin(indices []int, n int, read func(i int) ([]byte, error)) []*arriving {
	a.mu.Lock()
	defer a.mu.Unlock()
	images := make([]*arriving, len(indices))
	follow := len(indices) > 0
	for k, i := range indices {
		if images[k] = a.ready[i]; images[k] == nil {
			images[k] = start(i, read)
		}
		follow = follow && i == indices[0]+k
	}
	a.ready = nil
	if follow {
		a.ready = map[int]*arriving{}
		next := indices[0] + len(indices)
		for i := next; i < min(next+len(indices), n); i++ {
			a.ready[i] = start(i, read)
		}
	}
	return images
}

// readers holds as many tokens as goroutines may read images at a time.
var readers = sync.OnceValue(func() chan struct{} { return make(chan struct{}, parallel.Threads()) })

func start(i int, read func(i int) ([]byte, error)) *arriving {
	image := &arriving{done: make(chan struct{})}
	go func() {
		defer close(image.done)
		readers() <- struct{}{}
		defer func() { <-readers() }()
		image.pixels, image.err = read(i)
	}()
	return image
}
