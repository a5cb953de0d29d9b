package hub

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Two commits of the server's one repository.
const (
	commit1 = "1111111111111111111111111111111111111111"
	commit2 = "2222222222222222222222222222222222222222"
)

// server speaks the hub's protocol for the repository own/net: small files come
// from the hub itself, those that end in .safetensors or .bin from another host.
type server struct {
	hub, storage *httptest.Server

	mu       sync.Mutex
	files    map[string][]byte
	refs     map[string]string
	token    string                                            // that the repository asks for
	requests []string                                          // method, path and range of each
	headers  func(h http.Header)                               // spoils an answer about a file
	body     func(w http.ResponseWriter, r *http.Request) bool // sends another one, if it says so
}

func newServer(t testing.TB) *server {
	t.Helper()
	s := &server{
		files: map[string][]byte{"model.safetensors": large(1), "config.json": []byte(`{"architecture": "resnet18"}`), "onnx/model.onnx": []byte("onnx")},
		refs:  map[string]string{"main": commit1, "v1": commit1, "refs/pr/1": commit2, commit1: commit1, commit2: commit2},
	}
	s.hub = httptest.NewServer(http.HandlerFunc(s.serveHub))
	s.storage = httptest.NewServer(http.HandlerFunc(s.serveStorage))
	t.Cleanup(s.hub.Close)
	t.Cleanup(s.storage.Close)
	oldPatience, oldPause := patience, pause
	patience, pause = time.Minute, time.Millisecond
	t.Cleanup(func() { patience, pause = oldPatience, oldPause })
	return s
}

// large returns 300,000 bytes that no two seeds share.
func large(seed byte) []byte {
	b := make([]byte, 300_000)
	for i := range b {
		b[i] = byte(i/256) ^ byte(i) ^ seed
	}
	return b
}

func isLarge(file string) bool {
	return strings.HasSuffix(file, ".safetensors") || strings.HasSuffix(file, ".bin")
}

// hashOf returns the hash by which the hub knows a file.
func hashOf(file string, content []byte) string {
	if isLarge(file) {
		sum := sha256.Sum256(content)
		return hex.EncodeToString(sum[:])
	}
	sum := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))
	return hex.EncodeToString(sum[:])
}

func (s *server) log(r *http.Request) {
	s.requests = append(s.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
}

func (s *server) serveHub(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log(r)
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/own/net/resolve/")
	if !ok {
		if old, ok := strings.CutPrefix(r.URL.EscapedPath(), "/own/old/"); ok {
			http.Redirect(w, r, "/own/net/"+old, http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("X-Error-Code", "RepoNotFound")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if s.token != "" && r.Header.Get("Authorization") != "Bearer "+s.token {
		w.Header().Set("X-Error-Code", "GatedRepo")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	revision, file, _ := strings.Cut(rest, "/")
	commit := s.refs[strings.ReplaceAll(revision, "%2F", "/")]
	if commit == "" {
		w.Header().Set("X-Error-Code", "RevisionNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("X-Repo-Commit", commit)
	content, ok := s.files[file]
	if !ok {
		w.Header().Set("X-Error-Code", "EntryNotFound")
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if isLarge(file) {
		w.Header().Set("X-Linked-Etag", strconv.Quote(hashOf(file, content)))
		w.Header().Set("X-Linked-Size", strconv.Itoa(len(content)))
		w.Header().Set("ETag", `"of the pointer"`)
		w.Header().Set("Location", s.storage.URL+"/"+file+"?signature=secret")
		s.spoil(w.Header())
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("ETag", strconv.Quote(hashOf(file, content)))
	s.spoil(w.Header())
	if s.body != nil && r.Method == http.MethodGet && s.body(w, r) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func (s *server) spoil(h http.Header) {
	if s.headers != nil {
		s.headers(h)
	}
}

func (s *server) serveStorage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log(r)
	if r.Header.Get("Authorization") != "" {
		s.requests = append(s.requests, "THE TOKEN REACHED ANOTHER HOST")
	}
	if s.body != nil && s.body(w, r) {
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.files[strings.TrimPrefix(r.URL.Path, "/")]))
}

// seen returns the requests since the last call.
func (s *server) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := s.requests
	s.requests = nil
	return requests
}

func (s *server) options(t testing.TB) Options {
	return Options{Cache: t.TempDir(), Endpoint: s.hub.URL + "/"}
}

// ref parses, or fails.
func ref(t testing.TB, text string) Ref {
	t.Helper()
	r, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
