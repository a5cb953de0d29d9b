package page

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/netip"
	"path"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// What a request may take. Bodies are the most that clients can fill memory
// with: maxRequests·maxImage bytes.
const (
	maxImage    = 512 << 10 // bytes of an image that is sent
	maxJSON     = 1 << 10   // bytes of any other body
	maxHeaders  = 16 << 10
	maxRequests = 128 // answered at once

	patience = time.Second // how long another one waits
)

// timeouts are how long a client may take before it is cut off.
type timeouts struct {
	header time.Duration
	read   time.Duration // of a whole request
	write  time.Duration // of an answer; a training has a deadline for each event
	idle   time.Duration
}

var usualTimeouts = timeouts{header: 5 * time.Second, read: 10 * time.Second, write: time.Minute, idle: time.Minute}

// policy lets the page use its own files and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// guard decides which requests are answered.
type guard struct {
	next     http.Handler
	hosts    []string // names by which the page may be requested, besides addresses
	loopback bool     // allow only loopback addresses
	log      *log.Logger
	arrivals arrivals
	requests chan struct{}
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer g.recover(w, r)
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if !g.knows(r.Host) {
		refuse(w, http.StatusMisdirectedRequest, "host: found %.100q, expected the address that this page is served at", r.Host)
		return
	}
	// The mux would redirect to the clean path, which does not exist either.
	if path.Clean(r.URL.Path) != r.URL.Path {
		refuse(w, http.StatusNotFound, "path: found %.100q, expected one of this page's", r.URL.Path)
		return
	}
	if !g.enter() {
		h.Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, "busy: %d requests are being answered", maxRequests)
		return
	}
	defer func() { <-g.requests }()
	g.arrivals.receive(w, r)
	g.next.ServeHTTP(w, r)
}

// enter takes one of the places for requests, and reports whether there was one.
func (g *guard) enter() bool {
	for end := time.Now().Add(patience); time.Now().Before(end); g.arrivals.makeRoom() {
		select {
		case g.requests <- struct{}{}:
			return true
		case <-time.After(grace / 16):
		}
	}
	return false
}

// knows reports whether host, with or without a port, names this server. A page from
// elsewhere can point its own name at this machine's address (DNS rebinding), and the
// browser then takes us for that page; but the Host header still has that name. With
// an address this is not possible, and the port makes no difference.
func (g *guard) knows(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	name = strings.TrimSuffix(strings.ToLower(strings.Trim(name, "[]")), ".")
	if a, err := netip.ParseAddr(name); err == nil {
		return !g.loopback || a.Unmap().IsLoopback()
	}
	return slices.Contains(g.hosts, name)
}

// recover answers for a handler that panicked, and logs it. Its locks are released by
// then, since all unlocks are deferred.
func (g *guard) recover(w http.ResponseWriter, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	g.log.Printf("bug: %s %s: %v\n%s", r.Method, r.URL.Path, p, debug.Stack())
	refuse(w, http.StatusInternalServerError, "a bug of this program; its standard error says more")
}

// sameOrigin lets this page and programs call h, but not pages from elsewhere. The
// standard library's rule covers methods that change something; here it covers reading
// too.
func sameOrigin(h http.HandlerFunc) http.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(w http.ResponseWriter, r *http.Request) {
		asUnsafe := *r
		asUnsafe.Method = http.MethodPost
		if err := protection.Check(&asUnsafe); err != nil {
			refuse(w, http.StatusForbidden, "origin: found a request from another page, expected one from this page")
			return
		}
		h(w, r)
	}
}

// refuse answers with one line that says why.
func refuse(w http.ResponseWriter, status int, format string, args ...any) {
	answer(w, status, struct {
		Error string `json:"error"`
	}{fmt.Sprintf(format, args...)})
}

// answer sends v as JSON.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // v is one of our types: the guard logs it
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // a client that is gone needs no answer
}
