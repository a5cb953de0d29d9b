package page

import (
	"context"
	"embed"
	"github.com/lastlayer/lastlayer/model"
	"io/fs"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
)

//go:embed static
var static embed.FS

// files are all that is served of static, by path.
var files = map[string]struct{ name, kind string }{
	"/{$}":      {"index.html", "text/html; charset=utf-8"},
	"/page.css": {"page.css", "text/css; charset=utf-8"},
	"/page.js":  {"page.js", "text/javascript; charset=utf-8"},
	"/draw.js":  {"draw.js", "text/javascript; charset=utf-8"},
	"/show.js":  {"show.js", "text/javascript; charset=utf-8"},
	"/teach.js": {"teach.js", "text/javascript; charset=utf-8"},
	"/icon.svg": {"icon.svg", "image/svg+xml"},
}

// Options says how a network is served.
type Options struct {
	Name     string      // of the network, for the page
	Seed     uint64      // of the new head, of the drawings' altered copies, of dropout and of the order of the examples
	Hosts    []string    // names that the page may be asked for under, besides localhost; all addresses are taken
	Loopback bool        // of the addresses, take only loopback ones
	Log      *log.Logger // told of what is no fault of a client's
}

// Server serves one network and one session.
type Server struct {
	name        string
	session     *session
	handler     http.Handler
	log         *log.Logger
	timeouts    timeouts
	decoding    chan struct{}
	downloading chan struct{}
}

// New returns a Server of the network, which it does not change. The network
// must take images of 1×28×28. Close the Server when it is of no more use.
func New(m *model.Network, opt Options) (*Server, error) {
	if !slices.Equal(m.Spec.Input, digitShape) {
		return nil, errors.Errorf("%s: the network takes images of %v, the page makes images of %v", opt.Name, m.Spec.Input, digitShape)
	}
	session, err := newSession(m, opt.Seed)
	if err != nil {
		return nil, err
	}
	s := &Server{name: opt.Name, session: session, log: opt.Log, timeouts: usualTimeouts, decoding: make(chan struct{}, 2), downloading: make(chan struct{}, 2)}
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
	for path, file := range files {
		content, err := fs.ReadFile(static, "static/"+file.name)
		if err != nil {
			panic(err) // the program was built without it
		}
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", file.kind)
			_, _ = w.Write(content)
		})
	}
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /state":       s.state,
		"GET /model":       s.download,
		"POST /predict":    s.predict,
		"POST /drawings":   s.addDrawing,
		"DELETE /drawings": s.removeDrawing,
		"POST /retrain":    s.retrain,
		"POST /stop":       s.stop,
		"POST /step":       s.step,
		"POST /reset":      s.reset,
	} {
		mux.HandleFunc(pattern, sameOrigin(handle))
	}
	return mux
}

// Close frees the network's machines, once no request is under way any more.
func (s *Server) Close() error { return s.session.close() }

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
