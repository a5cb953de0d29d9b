package page

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// grace is how long a body may take before it has to make room for a waiting request.
const grace = 250 * time.Millisecond

// arrivals are the bodies that are being received: a slow client must not hold up
// others.
type arrivals struct {
	mu  sync.Mutex
	all []*arrival // the oldest first
}

type arrival struct {
	since time.Time
	cut   func()
}

// receive reads the whole body of a request. An error shows when the handler reads the
// body. A body that is declared too long is left unread: readBody refuses it.
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

// makeRoom cuts off the oldest body if its time is up.
func (a *arrivals) makeRoom() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.all) > 0 && time.Since(a.all[0].since) > grace {
		a.all[0].cut()
		a.all = a.all[1:]
	}
}

// failed is a body that did not arrive.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }
func (f failed) Close() error             { return nil }
