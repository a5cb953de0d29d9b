package hub

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/errors"
)

func mustFetch(t *testing.T, opt Options, text string, want []byte) string {
	t.Helper()
	p, err := Fetch(t.Context(), ref(t, text), opt)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	got, err := os.ReadFile(p)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s: found %d bytes, %v, expected %d others", text, len(got), err, len(want))
	}
	return p
}

func TestFetch(t *testing.T) {
	s := newServer(t)
	opt := s.options(t)
	opt.Token = "secret"
	var steps [][2]int64
	opt.Progress = func(file string, done, total int64) { steps = append(steps, [2]int64{done, total}) }
	content := s.files["model.safetensors"]
	p := mustFetch(t, opt, "hf:own/net", content)

	repository := filepath.Join(opt.Cache, "models--own--net")
	if want := filepath.Join(repository, "snapshots", commit1, "model.safetensors"); p != want {
		t.Errorf("found %s, expected %s", p, want)
	}
	if runtime.GOOS != "windows" {
		if link, err := os.Readlink(p); err != nil || link != "../../blobs/"+hashOf("model.safetensors", content) {
			t.Errorf("found the link %q, %v", link, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(repository, "refs", "main")); err != nil || string(text) != commit1 {
		t.Errorf("refs/main: found %q, %v", text, err)
	}
	want := []string{"HEAD /own/net/resolve/main/model.safetensors", "GET /own/net/resolve/" + commit1 + "/model.safetensors", "GET /model.safetensors"}
	if got := s.seen(); !reflect.DeepEqual(got, want) {
		t.Errorf("found the requests %q, expected %q", got, want)
	}
	size := int64(len(content))
	if len(steps) < 2 || steps[0] != [2]int64{0, size} || steps[len(steps)-1] != [2]int64{size, size} {
		t.Errorf("found the progress %v", steps)
	}

	mustFetch(t, opt, "hf:own/net/config.json", s.files["config.json"])
	deep := mustFetch(t, opt, "hf:own/net/onnx/model.onnx", s.files["onnx/model.onnx"])
	if link, err := os.Readlink(deep); runtime.GOOS != "windows" && (err != nil || !strings.HasPrefix(link, "../../../blobs/")) {
		t.Errorf("found the link %q, %v", link, err)
	}
	s.seen()
	for _, offline := range []bool{false, true} {
		opt.Offline = offline
		mustFetch(t, opt, "hf:own/net", content)
		mustFetch(t, opt, "hf:own/net@"+commit1+"/config.json", s.files["config.json"])
		if got := s.seen(); len(got) > 0 {
			t.Errorf("found the requests %q for what the cache has", got)
		}
	}
	for _, left := range []string{"blobs/*.incomplete", "snapshots/*/*.incomplete"} {
		if found, _ := filepath.Glob(filepath.Join(repository, left)); len(found) > 0 {
			t.Errorf("left behind: %q", found)
		}
	}
}

func TestFetchRevisions(t *testing.T) {
	s := newServer(t)
	opt := s.options(t)
	content := s.files["model.safetensors"]
	for text, commit := range map[string]string{"hf:own/net@v1": commit1, "hf:own/net@refs/pr/1": commit2, "hf:own/net@" + commit2: commit2, "hf:own/old": commit1} {
		p := mustFetch(t, opt, text, content)
		if !strings.Contains(p, commit) {
			t.Errorf("%s: found %s, expected commit %s", text, p, commit)
		}
	}
	if text, err := os.ReadFile(filepath.Join(opt.Cache, "models--own--net", "refs", "refs", "pr", "1")); err != nil || string(text) != commit2 {
		t.Errorf("refs/refs/pr/1: found %q, %v", text, err)
	}
	downloads := 0
	for _, request := range s.seen() {
		if request == "GET /model.safetensors" {
			downloads++
		}
	}
	if downloads != 2 { // own/net once, whatever the commit, since the hash is the same; own/old
		t.Errorf("found %d downloads of one content, expected 2", downloads)
	}
}

func TestFetchTakesTheWeightsThereAre(t *testing.T) {
	s := newServer(t)
	opt := s.options(t)
	s.files = map[string][]byte{"pytorch_model.bin": large(3)}
	mustFetch(t, opt, "hf:own/net", s.files["pytorch_model.bin"])
	s.files = map[string][]byte{"README.md": nil}
	_, err := Fetch(t.Context(), ref(t, "hf:own/net"), s.options(t))
	if !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "model.safetensors or pytorch_model.bin") {
		t.Errorf("found %v, expected ErrNotFound with what was looked for", err)
	}
	mustFetch(t, opt, "hf:own/net/README.md", nil)
}

func TestFetchRefused(t *testing.T) {
	s := newServer(t)
	for text, test := range map[string]struct {
		cause error
		words []string
	}{
		"hf:own/net/none.txt": {ErrNotFound, []string{`"none.txt"`}},
		"hf:own/net@v9":       {ErrNotFound, []string{`revision "v9"`}},
		"hf:own/other":        {ErrAccess, []string{"does not exist, or is private", "HF_TOKEN"}},
	} {
		_, err := Fetch(t.Context(), ref(t, text), s.options(t))
		if !errors.Is(err, test.cause) || !strings.Contains(err.Error(), strings.Join(test.words, "")) && len(test.words) == 1 {
			t.Errorf("%s: found %v, expected %v", text, err, test.cause)
			continue
		}
		for _, word := range test.words {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%s: found %v, expected a word of %q", text, err, word)
			}
		}
	}
	offline := s.options(t)
	offline.Offline = true
	s.seen()
	if _, err := Fetch(t.Context(), ref(t, "hf:own/net"), offline); !errors.Is(err, ErrOffline) || len(s.seen()) > 0 {
		t.Errorf("offline: found %v, expected ErrOffline without a request", err)
	}
	nowhere := s.options(t)
	nowhere.Endpoint = "http://127.0.0.1:1"
	if _, err := Fetch(t.Context(), ref(t, "hf:own/net"), nowhere); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("no server: found %v, expected an error that names it", err)
	}
	for _, endpoint := range []string{"", "huggingface.co", "ftp://x", "https://user:word@x", "https://x?y"} {
		bad := s.options(t)
		bad.Endpoint = endpoint
		if _, err := Fetch(t.Context(), ref(t, "hf:own/net"), bad); err == nil || !strings.Contains(err.Error(), "endpoint") {
			t.Errorf("endpoint %q: found %v", endpoint, err)
		}
	}
}

func TestToken(t *testing.T) {
	s := newServer(t)
	s.token = "right"
	opt := s.options(t)
	for token, word := range map[string]string{"": "set HF_TOKEN", "wrong": "the token may not read it"} {
		opt.Token = token
		_, err := Fetch(t.Context(), ref(t, "hf:own/net"), opt)
		if !errors.Is(err, ErrAccess) || !strings.Contains(err.Error(), word) || token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("token %q: found %v, expected ErrAccess and %q", token, err, word)
		}
	}
	opt.Token = "right"
	mustFetch(t, opt, "hf:own/net", s.files["model.safetensors"])
	for _, request := range s.seen() {
		if strings.HasPrefix(request, "THE TOKEN") {
			t.Error(request)
		}
	}
}

func TestFetchAtOnce(t *testing.T) {
	s := newServer(t)
	opt := s.options(t)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			if _, err := Fetch(context.Background(), Ref{"own", "net", "main", "model.safetensors"}, opt); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	downloads := 0
	for _, request := range s.seen() {
		if request == "GET /model.safetensors" {
			downloads++
		}
	}
	if downloads != 1 {
		t.Errorf("found %d downloads, expected 1", downloads)
	}
}

func TestResume(t *testing.T) {
	s := newServer(t)
	content := s.files["model.safetensors"]
	cut := func(n int) func(w http.ResponseWriter, r *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			_, _ = w.Write(content[:n])
			s.body = nil
			return true // and the connection is closed
		}
	}
	t.Run("in one call", func(t *testing.T) {
		opt := s.options(t)
		s.body = cut(100_000)
		s.seen()
		mustFetch(t, opt, "hf:own/net", content)
		got := s.seen()
		if last := got[len(got)-1]; last != "GET /model.safetensors bytes=100000-" {
			t.Errorf("found the last request %q", last)
		}
	})
	t.Run("after a cancel", func(t *testing.T) {
		opt := s.options(t)
		ctx, cancel := context.WithCancel(t.Context())
		s.body = cut(150_000)
		opt.Progress = func(_ string, done, _ int64) {
			if done >= 150_000 {
				cancel()
			}
		}
		if _, err := Fetch(ctx, ref(t, "hf:own/net"), opt); !errors.Is(err, context.Canceled) {
			t.Fatalf("found %v, expected context.Canceled", err)
		}
		s.seen()
		opt.Progress = nil
		mustFetch(t, opt, "hf:own/net", content)
		got := s.seen()
		if last := got[len(got)-1]; last != "GET /model.safetensors bytes=150000-" {
			t.Errorf("found the last request %q", last)
		}
	})
	t.Run("where no ranges are known", func(t *testing.T) {
		opt := s.options(t)
		first := cut(100_000)
		s.body = func(w http.ResponseWriter, r *http.Request) bool {
			first(w, r)
			s.body = func(w http.ResponseWriter, r *http.Request) bool {
				_, _ = w.Write(content)
				return true
			}
			return true
		}
		mustFetch(t, opt, "hf:own/net", content)
		s.body = nil
	})
	t.Run("from another file's beginning", func(t *testing.T) {
		opt := s.options(t)
		part := filepath.Join(opt.Cache, "models--own--net", "blobs", hashOf("model.safetensors", content)+".incomplete")
		if err := os.MkdirAll(filepath.Dir(part), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(part, large(9)[:1000], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Fetch(t.Context(), ref(t, "hf:own/net"), opt); !errors.Is(err, ErrAnswer) {
			t.Errorf("found %v, expected ErrAnswer", err)
		}
		mustFetch(t, opt, "hf:own/net", content) // the spoilt beginning is gone
	})
	t.Run("after the server was ill", func(t *testing.T) {
		opt := s.options(t)
		tries := 0
		s.body = func(w http.ResponseWriter, r *http.Request) bool {
			if tries++; tries > 3 {
				return false
			}
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		mustFetch(t, opt, "hf:own/net", content)
		s.body = nil
	})
}
