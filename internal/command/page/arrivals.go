package page

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"time"
)

// How many bodies are received at once, and how long each may take before it
// makes room for the next one that wants to come.
const (
	maxArrivals = 64
	grace       = 250 * time.Millisecond
)

// arrivals are the bodies that are being received. Whoever sends slowly holds
// nobody up: when there are as many as may be, the oldest is cut off.
type arrivals struct {
	mu  sync.Mutex
	all []*arrival // the oldest first
}

type arrival struct {
	since time.Time
	cut   func()
}

// receive reads the whole body of a request, before which nothing else is held
// for it. What went wrong is found by whoever reads the body. One that says it
// is too long is left unread: readBody refuses it.
func (a *arrivals) receive(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 || r.ContentLength > maxImage {
		return
	}
	connection := http.NewResponseController(w)
	this := &arrival{time.Now(), func() { _ = connection.SetReadDeadline(time.Now()) }}
	for !a.add(this) {
		select {
		case <-time.After(grace / 16):
		case <-r.Context().Done():
			r.Body = failed{r.Context().Err()}
			return
		}
	}
	defer a.remove(this)
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxImage))
	if err != nil {
		w.Header().Set("Connection", "close")
		r.Body = failed{err}
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
}

// add adds an arrival if there is room, or the oldest has had its time.
func (a *arrivals) add(one *arrival) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.all) == maxArrivals {
		if time.Since(a.all[0].since) < grace {
			return false
		}
		a.all[0].cut()
		a.all = a.all[1:]
	}
	one.since = time.Now()
	a.all = append(a.all, one)
	return true
}

func (a *arrivals) remove(one *arrival) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, other := range a.all {
		if other == one {
			a.all = append(a.all[:i:i], a.all[i+1:]...)
			return
		}
	}
}

// failed is the body of a request that did not come.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
func (f failed) Close() error             { return nil }
