package hub

import (
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pkg/errors"
)

// No blob and no snapshot appears unless it is what the hub stated.
func mustHoldNothing(t *testing.T, reason, cache string) {
	t.Helper()
	for _, pattern := range []string{"models--*/blobs/*", "models--*/snapshots/*/*", "models--*/refs/*"} {
		found, err := filepath.Glob(filepath.Join(cache, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found {
			if !strings.HasSuffix(p, ".incomplete") {
				t.Errorf("%s: found %s", reason, p)
			}
		}
	}
}

func TestHostileHeaders(t *testing.T) {
	s := newServer(t)
	for reason, spoil := range map[string]func(h http.Header){
		"a hash that is a path":       func(h http.Header) { h.Set("X-Linked-Etag", `"../../../../evil"`) },
		"a hash too short":            func(h http.Header) { h.Set("X-Linked-Etag", `"abc"`) },
		"a hash in capitals":          func(h http.Header) { h.Set("X-Linked-Etag", strings.Repeat("A", 64)) },
		"a commit that is a path":     func(h http.Header) { h.Set("X-Repo-Commit", "../../../evil") },
		"no commit":                   func(h http.Header) { h.Del("X-Repo-Commit") },
		"a size that is no number":    func(h http.Header) { h.Set("X-Linked-Size", "lots") },
		"a negative size":             func(h http.Header) { h.Set("X-Linked-Size", "-1") },
		"a size of exabytes":          func(h http.Header) { h.Set("X-Linked-Size", "9000000000000000000") },
		"no size":                     func(h http.Header) { h.Del("X-Linked-Size") },
		"a size too small":            func(h http.Header) { h.Set("X-Linked-Size", "1000") },
		"another hash":                func(h http.Header) { h.Set("X-Linked-Etag", strings.Repeat("a", 64)) },
		"a file of this machine":      func(h http.Header) { h.Set("Location", "file:///etc/passwd") },
		"no location":                 func(h http.Header) { h.Del("Location") },
		"a location of no host":       func(h http.Header) { h.Set("Location", "http:///x") },
		"a location with a password":  func(h http.Header) { h.Set("Location", "http://a:b@127.0.0.1/x") },
		"a location that points back": func(h http.Header) { h.Set("Location", s.hub.URL+"/own/net/resolve/main/model.safetensors") },
	} {
		s.headers = spoil
		opt := s.options(t)
		if _, err := Fetch(t.Context(), ref(t, "hf:own/net"), opt); !errors.Is(err, ErrAnswer) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: found %v, expected ErrAnswer", reason, err)
		}
		mustHoldNothing(t, reason, opt.Cache)
	}
}

func TestHostileBodies(t *testing.T) {
	s := newServer(t)
	content := s.files["model.safetensors"]
	for reason, test := range map[string]struct {
		body  func(w http.ResponseWriter, r *http.Request) bool
		cause error
		word  string
	}{
		"endless": {func(w http.ResponseWriter, r *http.Request) bool {
			for range 100 {
				if _, err := w.Write(content); err != nil {
					break
				}
			}
			return true
		}, ErrAnswer, "more than the 300000 bytes"},
		"always short": {func(w http.ResponseWriter, r *http.Request) bool { return true }, nil, "0 of 300000 bytes"},
		"another content": {func(w http.ResponseWriter, r *http.Request) bool {
			_, _ = w.Write(large(7))
			return true
		}, ErrAnswer, "found the hash"},
		"a range of another file": {func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
			return true
		}, ErrAnswer, "Content-Range"},
		"a range from elsewhere": {func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Range", "bytes 5-299999/300000")
			w.WriteHeader(http.StatusPartialContent)
			return true
		}, ErrAnswer, "Content-Range"},
		"forbidden, elsewhere": {func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusForbidden)
			return true
		}, ErrAnswer, "answered 403"},
		"a success that is no file": {func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusNonAuthoritativeInfo)
			_, _ = w.Write(content[:10])
			return true
		}, ErrAnswer, "answered 203"},
		"ill for ever": {func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusBadGateway)
			return true
		}, ErrAnswer, "answered 502"},
		"redirects for ever": {func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
			return true
		}, ErrAnswer, "redirects"},
	} {
		s.body = test.body
		opt := s.options(t)
		_, err := Fetch(t.Context(), ref(t, "hf:own/net"), opt)
		if err == nil || test.cause != nil && !errors.Is(err, test.cause) || !strings.Contains(err.Error(), test.word) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: found %v, expected %v and a word of %q", reason, err, test.cause, test.word)
		}
		mustHoldNothing(t, reason, opt.Cache)
	}
}

// A server that stops sending is given up.
func TestStalled(t *testing.T) {
	s := newServer(t)
	patience = 300 * time.Millisecond
	done := make(chan struct{})
	s.body = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Length", strconv.Itoa(300_000))
		_, _ = w.Write([]byte("x"))
		w.(http.Flusher).Flush()
		select {
		case <-done:
		case <-r.Context().Done():
		}
		return true
	}
	opt := s.options(t)
	var err error
	for range 10 {
		_, err = Fetch(t.Context(), ref(t, "hf:own/net"), opt)
		if err == nil || !strings.Contains(err.Error(), "no answer in") { // from a busy machine
			break
		}
	}
	close(done)
	if err == nil || !strings.Contains(err.Error(), "gave up") {
		t.Errorf("found %v, expected it to give up", err)
	}
}

// Links that somebody put into a shared cache lead nothing out of it.
func TestLinksInTheCache(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a right on Windows")
	}
	s := newServer(t)
	hash := hashOf("model.safetensors", s.files["model.safetensors"])
	for _, place := range []string{
		"models--own--net/blobs/" + hash + ".incomplete", "models--own--net/blobs/" + hash, ".locks/models--own--net/" + hash + ".lock",
		"models--own--net/refs/main", "models--own--net/blobs/" + commit1 + ".ref.incomplete", "models--own--net/snapshots/" + commit1 + "/model.safetensors",
	} {
		opt := s.options(t)
		victim := filepath.Join(t.TempDir(), "victim")
		if err := os.WriteFile(victim, []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(opt.Cache, filepath.FromSlash(place))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(victim, at); err != nil {
			t.Fatal(err)
		}
		_, _ = Fetch(t.Context(), ref(t, "hf:own/net"), opt)
		if text, err := os.ReadFile(victim); err != nil || string(text) != "mine" {
			t.Errorf("%s: found %.20q, %v where the link leads", place, text, err)
		}
	}
	for _, folder := range []string{"models--own--net", "models--own--net/blobs", "models--own--net/snapshots", ".locks"} {
		opt := s.options(t)
		victim := t.TempDir()
		at := filepath.Join(opt.Cache, filepath.FromSlash(folder))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(victim, at); err != nil {
			t.Fatal(err)
		}
		if _, err := Fetch(t.Context(), ref(t, "hf:own/net"), opt); err == nil {
			t.Errorf("%s: found no error", folder)
		}
		if found, err := os.ReadDir(victim); err != nil || len(found) > 0 {
			t.Errorf("%s: found %v, %v where the link leads", folder, found, err)
		}
	}
}
