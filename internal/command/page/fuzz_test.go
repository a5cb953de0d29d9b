package page

import (
	"io"
	"log"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
)

// FuzzRequests sends what nobody's page would: nothing is the server's fault.
func FuzzRequests(f *testing.F) {
	drawings, err := digits()
	if err != nil {
		f.Fatal(err)
	}
	var servers []*Server
	for _, m := range []*model.Network{drawings, photoNetwork(f)} {
		s, err := New(m, Options{Seed: 1, Loopback: true, Log: log.New(io.Discard, "", 0)})
		if err != nil {
			f.Fatal(err)
		}
		servers = append(servers, s)
	}
	f.Add(byte(0), "", "\x89PNG\r\n\x1a\n")
	f.Add(byte(1), "class=a&what=all", "\xff\xd8\xff\xe0")
	f.Add(byte(2), "class=%F0%9F%98%80&what=latest", "")
	f.Add(byte(2), "class=a&latest=3", "")
	f.Add(byte(3), ";", `{"last":1}`)
	f.Add(byte(6), "class=a", "")
	f.Fuzz(func(t *testing.T, which byte, query, body string) {
		q := [][2]string{{"POST", "/predict"}, {"POST", "/samples"}, {"DELETE", "/samples"}, {"POST", "/step"}, {"POST", "/reset"}, {"GET", "/state"}, {"GET", "/samples"}, {"GET", "/samples.zip"}}[which%8]
		r := httptest.NewRequest(q[0], "http://localhost"+q[1], strings.NewReader(body))
		r.URL = &url.URL{Path: q[1], RawQuery: query}
		for i, s := range servers {
			r.Body = io.NopCloser(strings.NewReader(body))
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if w.Code >= 500 || strings.Count(w.Body.String(), "\n") != 1 {
				t.Errorf("server %d: %s %s?%q: status %d and %q", i, q[0], q[1], query, w.Code, w.Body)
			}
		}
	})
}
