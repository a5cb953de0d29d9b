package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pkg/errors"
)

// mirror serves four small files in place of MNIST's.
type mirror struct {
	*httptest.Server
	files    [4]mnistFile
	content  map[string][]byte // by the address's last part
	requests atomic.Int64
}

func newMirror(t *testing.T) *mirror {
	m := &mirror{content: map[string][]byte{}}
	for i, f := range mnistFiles() {
		plain := idxFile([]int{i/2 + 2}, []byte{1, 0, 1}[:i/2+2])
		if i%2 == 0 {
			plain = idxFile([]int{i/2 + 2, 1, 2}, make([]byte, 2*(i/2+2)))
		}
		packed := zipped(t, plain)
		sum, plainSum := sha256.Sum256(packed), sha256.Sum256(plain)
		m.files[i] = mnistFile{f.name, int64(len(packed)), hex.EncodeToString(sum[:]), int64(len(plain)), hex.EncodeToString(plainSum[:])}
		m.content["/"+f.name+".gz"] = packed
	}
	m.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.requests.Add(1)
		content, ok := m.content[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(m.Close)
	return m
}

// source looks for the mirror's files in a cache, in no module, and at the addresses.
func (m *mirror) source(cache string, opt Options, addresses ...string) *mnist {
	opt.CacheDir = cache
	s := newMNIST(opt)
	s.files, s.modules = m.files, func() []string { return nil }
	client := m.Client()
	client.CheckRedirect = s.fetch.client.CheckRedirect
	s.fetch.client, s.fetch.mirrors = client, addresses
	return s
}

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	names, _, err := filesIn(diskTree(dir), "")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}

func TestDownload(t *testing.T) {
	m, cache := newMirror(t), filepath.Join(t.TempDir(), "new", "folder")
	progress := map[string]int64{}
	opt := Options{Progress: func(file string, done, total int64) {
		if done < progress[file] || done > total {
			t.Errorf("%s: found %d bytes of %d after %d", file, done, total, progress[file])
		}
		progress[file] = done
	}}
	train, test, err := m.source(cache, opt, m.URL+"/").open()
	check(t, err)
	if train.Len() != 2 || test.Len() != 3 || !slices.Equal(test.Labels, []int{1, 0, 1}) {
		t.Errorf("found %d and %d images, test labels %v", train.Len(), test.Len(), test.Labels)
	}
	for _, f := range m.files {
		if progress[f.name+".gz"] != f.gzSize {
			t.Errorf("%s: found %d bytes reported, expected %d", f.name, progress[f.name+".gz"], f.gzSize)
		}
		got, err := os.ReadFile(filepath.Join(cache, f.name+".gz"))
		check(t, err)
		if !bytes.Equal(got, m.content["/"+f.name+".gz"]) {
			t.Errorf("%s: the cache holds other bytes than the mirror", f.name)
		}
	}
	if names := namesIn(t, cache); len(names) != 4 {
		t.Errorf("found %v in the cache", names)
	}
	_, _, err = m.source(cache, opt, m.URL+"/").open()
	check(t, err)
	if n := m.requests.Load(); n != 4 {
		t.Errorf("found %d requests after opening twice, expected 4", n)
	}
}

func TestDownloadTriesTheNextMirror(t *testing.T) {
	m := newMirror(t)
	var warnings []string
	opt := Options{Warn: func(s string) { warnings = append(warnings, s) }}
	_, _, err := m.source(t.TempDir(), opt, m.URL+"/missing/", m.URL+"/").open()
	check(t, err)
	if len(warnings) != 4 || !strings.Contains(warnings[0], "/missing/train-images-idx3-ubyte.gz: status: found 404") {
		t.Errorf("found warnings %q", warnings)
	}
}

func TestDamagedCacheIsRebuilt(t *testing.T) {
	for reason, spoil := range map[string]func([]byte) []byte{
		"flipped":   func(b []byte) []byte { b[len(b)/2] ^= 4; return b },
		"truncated": func(b []byte) []byte { return b[:len(b)-1] },
		"empty":     func([]byte) []byte { return nil },
		"longer":    func(b []byte) []byte { return append(b, 0) },
	} {
		m, cache := newMirror(t), t.TempDir()
		for _, f := range m.files {
			writeFile(t, filepath.Join(cache, f.name+".gz"), m.content["/"+f.name+".gz"])
		}
		path := filepath.Join(cache, m.files[2].name+".gz")
		writeFile(t, path, spoil(slices.Clone(m.content["/"+m.files[2].name+".gz"])))
		var warnings []string
		opt := Options{Warn: func(s string) { warnings = append(warnings, s) }}
		_, _, err := m.source(cache, opt, m.URL+"/").open()
		check(t, err)
		if len(warnings) != 1 || !strings.Contains(warnings[0], path) || m.requests.Load() != 1 {
			t.Errorf("%s: found %d requests, warnings %q", reason, m.requests.Load(), warnings)
		}
	}
}

func TestModuleComesBeforeMirrors(t *testing.T) {
	m, module := newMirror(t), t.TempDir()
	for _, f := range m.files {
		writeFile(t, filepath.Join(module, f.name+".gz"), m.content["/"+f.name+".gz"])
	}
	cache := filepath.Join(t.TempDir(), "cache")
	s := m.source(cache, Options{}, m.URL+"/")
	s.modules = func() []string { return []string{filepath.Join(module, "absent"), module} }
	_, _, err := s.open()
	check(t, err)
	if m.requests.Load() != 0 || namesIn(t, cache) != nil {
		t.Errorf("found %d requests, %v in the cache", m.requests.Load(), namesIn(t, cache))
	}
}

func TestDownloadRefuses(t *testing.T) {
	name := "/train-images-idx3-ubyte.gz"
	for _, c := range []struct {
		reason string
		answer func(w http.ResponseWriter, r *http.Request, good []byte)
		kind   error
		part   string
	}{
		{"a flipped bit", func(w http.ResponseWriter, _ *http.Request, good []byte) {
			good[len(good)/2] ^= 1
			_, _ = w.Write(good)
		}, ErrChecksum, "SHA-256: found"},
		{"a longer file", func(w http.ResponseWriter, _ *http.Request, good []byte) {
			_, _ = w.Write(append(good, 0))
		}, ErrChecksum, "length: found"},
		{"an endless file", func(w http.ResponseWriter, _ *http.Request, good []byte) {
			w.(http.Flusher).Flush() // so that no length is sent
			for {
				if _, err := w.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		}, ErrChecksum, "length: found"},
		{"a shorter file", func(w http.ResponseWriter, _ *http.Request, good []byte) {
			w.(http.Flusher).Flush()
			_, _ = w.Write(good[:len(good)-1])
		}, ErrChecksum, "length: found"},
		{"a broken connection", func(w http.ResponseWriter, _ *http.Request, good []byte) {
			_, _ = w.Write(good[:9])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, nil, "after 9 bytes of"},
		{"a page in place of the file", func(w http.ResponseWriter, _ *http.Request, good []byte) {
			w.WriteHeader(http.StatusForbidden)
		}, ErrNotFound, "status: found 403"},
		{"a way out of HTTPS", func(w http.ResponseWriter, r *http.Request, _ []byte) {
			http.Redirect(w, r, "http://"+r.Host+r.URL.Path, http.StatusFound)
		}, nil, "redirected to http, expected https"},
		{"a circle", func(w http.ResponseWriter, r *http.Request, _ []byte) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}, nil, "redirected five times"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			m, cache := newMirror(t), t.TempDir()
			good := slices.Clone(m.content[name])
			m.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.answer(w, r, slices.Clone(good)) })
			_, _, err := m.source(cache, Options{}, m.URL+"/").open()
			if c.kind == nil {
				c.kind = err
			}
			if err == nil {
				t.Fatal("found no error")
			}
			wantErr(t, err, c.kind, c.part, "mnist: found neither in "+cache)
			if names := namesIn(t, cache); names != nil {
				t.Errorf("found %v left in the cache", names)
			}
		})
	}
}

func TestDownloadEndsWithTheContext(t *testing.T) {
	for reason, end := range map[string]func(w http.ResponseWriter, r *http.Request){
		"nothing more comes":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"the answer ends":     func(http.ResponseWriter, *http.Request) {},
		"the answer is wrong": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<16)) },
	} {
		t.Run(reason, func(t *testing.T) {
			m, cache := newMirror(t), t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			m.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = w.Write([]byte("some"))
				w.(http.Flusher).Flush()
				cancel()
				end(w, r)
			})
			_, _, err := m.source(cache, Options{Context: ctx}, m.URL+"/", m.URL+"/second/").open()
			wantErr(t, err, context.Canceled)
			if names := namesIn(t, cache); names != nil {
				t.Errorf("found %v left in the cache", names)
			}
		})
	}
}

func TestDownloadNeedsACache(t *testing.T) {
	m, file := newMirror(t), filepath.Join(t.TempDir(), "file")
	writeFile(t, file, nil)
	_, _, err := m.source(filepath.Join(file, "cache"), Options{}, m.URL+"/").open()
	if err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "\n") {
		t.Errorf("found error %v", err)
	}
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("LocalAppData", "") // Windows
	if _, _, err = m.source("", Options{}, m.URL+"/").open(); err == nil || !strings.Contains(err.Error(), "no cache folder") {
		t.Errorf("found error %v", err)
	}
}

func TestMirrorsAreHTTPS(t *testing.T) {
	f := newFetcher(Options{})
	if f.client.Timeout == 0 || len(f.mirrors) != 2 {
		t.Errorf("found a timeout of %v, %d mirrors", f.client.Timeout, len(f.mirrors))
	}
	for _, m := range f.mirrors {
		if !strings.HasPrefix(m, "https://") || !strings.HasSuffix(m, "/") {
			t.Errorf("found mirror %s", m)
		}
	}
}
