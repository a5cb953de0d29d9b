package page

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// grace is how long a body may take before it makes room for a request that
// waits.
const grace = 250 * time.Millisecond

// arrivals are the bodies that are being received, so that whoever sends slowly
// holds nobody up.
type arrivals struct {
	mu  sync.Mutex
	all []*arrival // the oldest first
}

type arrival struct {
	since time.Time
	cut   func()
}

// receive reads the whole body of a request. What went wrong is found by whoever
// reads the body. One that says it is too long is left unread: readBody refuses it.
func (a *arrivals) receive(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 || r.ContentLength > maxImage {
		return
	}
	connection := http.NewResponseController(w)
	this := &arrival{time.Now(), func() { _ = connection.SetReadDeadline(time.Now()) }}
	a.mu.Lock()
	a.all = append(a.all, this)
	a.mu.Unlock()
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxImage))
	a.mu.Lock()
	a.all = slices.DeleteFunc(a.all, func(other *arrival) bool { return other == this })
	a.mu.Unlock()
	if err != nil {
		w.Header().Set("Connection", "close")
		r.Body = failed{err}
		return
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(content)), int64(len(content))
}

// makeRoom cuts off the oldest body, if it has had its time.
func (a *arrivals) makeRoom() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.all) > 0 && time.Since(a.all[0].since) > grace {
		a.all[0].cut()
		a.all = a.all[1:]
	}
}

// failed is the body of a request that did not come.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
func (f failed) Close() error             { return nil }
