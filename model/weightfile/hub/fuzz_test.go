package hub

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// answers is a hub that gives one answer to every HEAD, and one to every GET.
type answers struct {
	head, get func(r *http.Request) *http.Response
}

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := a.get(r)
	if r.Method == http.MethodHead {
		answer = a.head(r)
	}
	answer.Request = r
	return answer, nil
}

func answer(status int, headers map[string]string, body []byte) *http.Response {
	h := http.Header{}
	for name, value := range headers {
		h.Set(name, value)
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(bytes.NewReader(body))}
}

// FuzzAnswers holds that whatever a hub answers, nothing is written outside the
// cache, and that a file appears only if it has the hash that was stated.
func FuzzAnswers(f *testing.F) {
	pause, patience = 0, time.Minute
	content := []byte(`{"architecture": "resnet18"}`)
	hash := hashOf("x.safetensors", content)
	size := strconv.Itoa(len(content))
	f.Add(302, commit1, hash, size, "https://storage.example/x", 200, "", content)
	f.Add(200, commit1, hashOf("x", content), size, "", 200, "", content)
	f.Add(200, commit1, hash, size, "", 206, "bytes 0-27/28", content)
	f.Add(302, commit1, "../../../x", size, "file:///etc/passwd", 200, "", content)
	f.Add(307, "", "", "", "/other/net/resolve/main/x", 416, "bytes */1", content)
	f.Add(200, commit1, hash, "27", "", 200, "", content)
	f.Fuzz(func(t *testing.T, status int, commit, etag, size, location string, status2 int, contentRange string, body []byte) {
		outside := t.TempDir()
		cache := filepath.Join(outside, "a", "b", "cache")
		transport := answers{
			func(*http.Request) *http.Response {
				return answer(status, map[string]string{"X-Repo-Commit": commit, "X-Linked-Etag": etag, "X-Linked-Size": size, "Location": location}, nil)
			},
			func(*http.Request) *http.Response {
				return answer(status2, map[string]string{"Content-Range": contentRange, "Location": location}, body)
			},
		}
		p, err := Fetch(context.Background(), Ref{"own", "net", "main", "x"}, Options{Cache: cache, Endpoint: "https://hub.example", Token: "secret", Transport: transport})
		if err == nil {
			got, err := os.ReadFile(p)
			name := "x"
			if len(strings.Trim(strings.TrimPrefix(etag, "W/"), `"`)) == 64 {
				name = "x.safetensors"
			}
			if err != nil || !strings.Contains(etag, hashOf(name, got)) {
				t.Errorf("found %d bytes of another hash, %v", len(got), err)
			}
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the token is in %v", err)
		}
		err = filepath.WalkDir(outside, func(p string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && !strings.HasPrefix(p, cache+string(filepath.Separator)) {
				t.Errorf("found %s outside the cache", p)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// FuzzParse holds that what Parse takes is safe as a path and prints as it was
// meant.
func FuzzParse(f *testing.F) {
	f.Add("hf:timm/resnet18.a1_in1k@refs/pr/1/sub/model.bin")
	f.Add("hf:a/b@x%2Fy/c")
	f.Add("hf:a/../b")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(r.String())
		if err != nil || again != r {
			t.Errorf("%q: %+v prints as %s, which reads as %+v, %v", text, r, r, again, err)
		}
		for _, p := range []string{r.folder(), r.Revision, r.File} {
			if p != "" && (!filepath.IsLocal(p) || strings.Contains(p, "..") && filepath.Clean(p) != p) {
				t.Errorf("%q: %q is no safe path", text, p)
			}
		}
	})
}

// FuzzConfig holds that ParseConfig never panics, and that what it takes is
// complete.
func FuzzConfig(f *testing.F) {
	f.Add([]byte(`{"architecture": "x", "num_classes": 1, "label_names": ["a"], "pretrained_cfg": {"input_size": [3, 2, 2], "mean": [0, 0, 0], "std": [1, 1, 1], "crop_pct": 0.9}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text)
		if err == nil && (c.Architecture == "" || len(c.Mean) != c.Input[0] || len(c.Std) != c.Input[0] || c.Labels != nil && len(c.Labels) != c.Classes) {
			t.Errorf("found %+v", c)
		}
	})
}
