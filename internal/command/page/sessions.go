package page

import (
	"crypto/rand"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Bounds on what browsers store here.
const (
	maxSessions   = 8
	sessionsBytes = 2 << 30     // for all sessions; a large network allows fewer of them
	leastIdle     = time.Minute // a session that was used more recently does not make room for another
)

// sessions are those of all browsers, each known by its cookie.
type sessions struct {
	start func() *session
	most  int

	mu   sync.Mutex
	byID map[string]*session // those with samples; others are not kept
}

// errFull is the error for one browser too many.
var errFull = errors.New("busy: as many browsers teach the network as there is memory for; one of them makes room when it has been idle for a minute")

// sessionsFor returns how many sessions there may be for a network: each has its
// samples, a network, a copy that predicts and one that is trained.
func sessionsFor(w *model.Weights) int64 {
	return min(maxSessions, max(1, sessionsBytes/sessionBytes(w)))
}

func sessionBytes(w *model.Weights) int64 { return maxBytes + 3*weightBytes(w) }

func weightBytes(w *model.Weights) int64 {
	bytes := int64(0)
	for _, name := range w.Names() {
		bytes += 4 * int64(w.Get(name).Shape().TotalSize())
	}
	return bytes
}

// cookie returns the name of this server's cookie. It has the port, since a browser
// sends the cookies of all ports of a host.
func cookie(r *http.Request) string {
	_, port, _ := net.SplitHostPort(r.Host) // no port makes a name too
	return "lastlayer" + port
}

// idLength is the length of a session's id.
var idLength = len(rand.Text())

// id returns the session id of a browser, and sets a cookie if it has none.
func id(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(cookie(r)); err == nil && len(c.Value) == idLength {
		return c.Value
	}
	id := rand.Text()
	http.SetCookie(w, &http.Cookie{Name: cookie(r), Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	return id
}

// of returns the session of a browser, to be used until done is called. A new session
// lasts for this request only.
func (a *sessions) of(w http.ResponseWriter, r *http.Request) (s *session, done func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s = a.byID[id(w, r)]
	if s == nil {
		s = a.start()
	}
	return s, a.use(s)
}

// kept returns the session of a browser, to be used until done is called, and keeps
// it. The one idle longest makes room for a new one.
func (a *sessions) kept(w http.ResponseWriter, r *http.Request) (s *session, done func(), err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := id(w, r)
	if s = a.byID[id]; s != nil {
		return s, a.use(s), nil
	}
	if len(a.byID) >= a.most {
		if err := a.makeRoom(); err != nil {
			return nil, nil, err
		}
	}
	s = a.start()
	s.name = rand.Text()[:8]
	a.byID[id] = s
	return s, a.use(s), nil
}

// use notes that a session is in use. The caller holds the lock.
func (a *sessions) use(s *session) (done func()) {
	s.users++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		s.users--
		s.used = time.Now()
	}
}

// makeRoom ends the session that has been idle longest. The caller holds the lock.
func (a *sessions) makeRoom() error {
	oldest := ""
	for id, s := range a.byID {
		if s.users == 0 && time.Since(s.used) >= leastIdle && (oldest == "" || s.used.Before(a.byID[oldest].used)) {
			oldest = id
		}
	}
	if oldest == "" {
		return errFull
	}
	s := a.byID[oldest]
	delete(a.byID, oldest)
	return s.close()
}

// close frees the machines, once the last request is done.
func (a *sessions) close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, s := range a.byID {
		delete(a.byID, id)
		if err := s.close(); err != nil {
			return err
		}
	}
	return nil
}
