package page

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestListen tells where a page can be opened, and refuses what is no address.
func TestListen(t *testing.T) {
	for _, test := range []struct {
		at, url  string
		loopback bool
	}{
		{"127.0.0.1:0", "http://127.0.0.1:", true},
		{"localhost:0", "http://localhost:", true},
		{"0.0.0.0:0", "http://localhost:", false},
		{":0", "http://localhost:", false},
	} {
		s, err := Listen(t.Context(), test.at)
		if err != nil {
			t.Fatal(err)
		}
		host, _, _ := strings.Cut(test.at, ":")
		if !strings.HasPrefix(s.URL, test.url) || strings.HasSuffix(s.URL, ":0/") || s.Loopback != test.loopback || !slices.Contains(s.Hosts, host) {
			t.Errorf("%s: found %+v, expected the URL %s and a port, loopback %v", test.at, s, test.url, test.loopback)
		}
		if err := s.Listener.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, at := range []string{"", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:65536", "1:2:3"} {
		if _, err := Listen(t.Context(), at); !errors.Is(err, ErrAddress) {
			t.Errorf("%q: found %v, expected ErrAddress", at, err)
		}
	}
}

// TestRun serves a network at a free port until its context ends.
func TestRun(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "off") // the memory of the tests is not bounded
	ctx, stop := context.WithCancel(t.Context())
	served := false
	err := Run(ctx, large(t), "127.0.0.1:0", Options{Seed: 1, Log: log.New(io.Discard, "", 0)}, func(s *Site) error {
		go func() {
			defer stop()
			r, err := http.Get(s.URL)
			if err != nil {
				t.Error(err)
				return
			}
			served = r.StatusCode == http.StatusOK
			r.Body.Close()
		}()
		return nil
	})
	if err != nil || !served {
		t.Errorf("found %v, served %t, expected the page and no error", err, served)
	}
	if err := Run(t.Context(), large(t), "nowhere", Options{}, nil); !errors.Is(err, ErrAddress) {
		t.Errorf("found %v, expected ErrAddress", err)
	}
	refused := errors.New("not today")
	if err := Run(t.Context(), large(t), "127.0.0.1:0", Options{Log: log.New(io.Discard, "", 0)}, func(*Site) error { return refused }); err != refused {
		t.Errorf("found %v, expected what ready said", err)
	}
}
