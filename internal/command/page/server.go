package page

import (
	"cmp"
	"context"
	"embed"
	"io/fs"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

//go:embed static
var static embed.FS

type staticFile struct{ name, kind string }

// files lists what is served from static, by path, besides the page.
var files = map[string]staticFile{
	"/page.css":  {"page.css", "text/css; charset=utf-8"},
	"/page.js":   {"page.js", "text/javascript; charset=utf-8"},
	"/draw.js":   {"draw.js", "text/javascript; charset=utf-8"},
	"/show.js":   {"show.js", "text/javascript; charset=utf-8"},
	"/teach.js":  {"teach.js", "text/javascript; charset=utf-8"},
	"/photos.js": {"photos.js", "text/javascript; charset=utf-8"},
	"/camera.js": {"camera.js", "text/javascript; charset=utf-8"},
	"/icon.svg":  {"icon.svg", "image/svg+xml"},
}

// Options says how a network is served.
type Options struct {
	Name     string      // of the network, for the page
	Seed     uint64      // of the new head, of the drawings' altered copies, of dropout and of the order of the examples
	Hosts    []string    // names by which the page may be requested, besides localhost; any address is accepted
	Loopback bool        // accept only loopback addresses
	Log      *log.Logger // receives server errors
}

// Server serves one network, and a session for each browser.
type Server struct {
	name        string
	loaded      *predictor
	sessions    sessions
	handler     http.Handler
	log         *log.Logger
	timeouts    timeouts
	decoding    chan struct{}
	downloading chan struct{}
}

// New returns a Server of the network, which it does not change. The network
// must take photos, or drawings of 1×28×28. Close the Server when it is no longer
// needed.
func New(m *model.Network, opt Options) (*Server, error) {
	if !m.Prep.IsPhoto() && !slices.Equal(m.Spec.Input, digitShape) {
		return nil, errors.Errorf("%s: the network takes images of %v, which are no photos; the page makes drawings of %v", opt.Name, m.Spec.Input, digitShape)
	}
	loaded, err := newPredictor(m)
	if err != nil {
		return nil, err
	}
	s := &Server{name: opt.Name, loaded: loaded, log: opt.Log, timeouts: usualTimeouts, decoding: make(chan struct{}, 2), downloading: make(chan struct{}, 2)}
	s.sessions = sessions{most: int(sessionsFor(m.Weights)), byID: map[string]*session{}, start: func() *session { return newSession(loaded, opt.Seed) }}
	hosts := []string{"localhost"}
	for _, name := range opt.Hosts {
		if name != "" {
			hosts = append(hosts, strings.ToLower(name))
		}
	}
	s.handler = &guard{next: s.routes(), hosts: hosts, loopback: opt.Loopback, log: opt.Log, requests: make(chan struct{}, maxRequests)}
	return s, nil
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	page := staticFile{"index.html", "text/html; charset=utf-8"}
	if s.photos() {
		page.name = "photos.html"
	}
	mux.HandleFunc("GET /{$}", page.serve())
	for path, file := range files {
		mux.HandleFunc("GET "+path, file.serve())
	}
	mux.HandleFunc("POST /samples", sameOrigin(s.add))
	for pattern, handle := range map[string]func(*session, http.ResponseWriter, *http.Request){
		"GET /state":       s.state,
		"GET /model":       s.download,
		"GET /model.onnx":  s.downloadONNX,
		"GET /samples.zip": s.downloadSamples,
		"GET /samples":     s.sheet,
		"DELETE /samples":  s.remove,
		"POST /predict":    s.predict,
		"POST /retrain":    s.retrain,
		"POST /stop":       s.stop,
		"POST /step":       s.step,
		"POST /reset":      s.reset,
	} {
		mux.HandleFunc(pattern, sameOrigin(func(w http.ResponseWriter, r *http.Request) {
			m, done := s.sessions.of(w, r)
			defer done()
			handle(m, w, r)
		}))
	}
	return mux
}

func (f staticFile) serve() http.HandlerFunc {
	content, err := fs.ReadFile(static, "static/"+f.name)
	if err != nil {
		panic(err) // the program was built without it
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", f.kind)
		_, _ = w.Write(content)
	}
}

// Close frees the network's machines once no request is under way.
func (s *Server) Close() error { return cmp.Or(s.sessions.close(), s.loaded.close()) }

// shutdownTimeout is how long requests may take to end once ctx is done.
const shutdownTimeout = 5 * time.Second

// Serve answers requests until ctx is done, which is no error. A training under
// way is stopped then.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s.handler, ErrorLog: s.log, MaxHeaderBytes: maxHeaders,
		ReadHeaderTimeout: s.timeouts.header, ReadTimeout: s.timeouts.read, WriteTimeout: s.timeouts.write, IdleTimeout: s.timeouts.idle,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return errors.Wrap(err, "serve the page")
	case <-ctx.Done():
	}
	// ctx is done, and would leave them no time.
	grace, stop := context.WithTimeout(context.Background(), shutdownTimeout)
	defer stop()
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	return errors.Wrap(err, "end the server")
}
