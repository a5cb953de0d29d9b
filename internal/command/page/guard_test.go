package page

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// data are the requests that read or change something.
var data = [][3]string{
	{"GET", "/state", ""}, {"GET", "/model", ""}, {"GET", "/model.onnx", ""}, {"GET", "/samples.zip", ""}, {"GET", "/samples?class=a", ""}, {"POST", "/predict", ""}, {"POST", "/samples?class=a", ""},
	{"DELETE", "/samples?class=a&what=all", ""}, {"POST", "/retrain", `{"last":1}`}, {"POST", "/stop", ""}, {"POST", "/step", `{"last":1}`}, {"POST", "/reset", ""},
}

func TestOtherOriginsAreRefused(t *testing.T) {
	r := serve(t)
	for _, q := range data {
		r.refused(t, 403, "another page", q[0], q[1], q[2], "Origin", "https://example.com")
		r.refused(t, 403, "another page", q[0], q[1], q[2], "Origin", "null")
		r.refused(t, 403, "another page", q[0], q[1], q[2], "Sec-Fetch-Site", "cross-site")
		r.refused(t, 403, "another page", q[0], q[1], q[2], "Sec-Fetch-Site", "same-site", "Origin", "http://localhost:1")
	}
	for _, headers := range [][]string{{"Sec-Fetch-Site", "same-origin"}, {"Origin", r.url}, {"Sec-Fetch-Site", "none"}, nil} {
		if response, text := r.ask(t, "GET", "/state", "", headers...); response.StatusCode != 200 {
			t.Errorf("%v: status %d: %s", headers, response.StatusCode, text)
		}
	}
	// A link from elsewhere may open the page.
	if response, _ := r.ask(t, "GET", "/", "", "Sec-Fetch-Site", "cross-site"); response.StatusCode != 200 {
		t.Errorf("the page itself: status %d", response.StatusCode)
	}
}

func TestOtherHostsAreRefused(t *testing.T) {
	r := serve(t)
	for _, host := range []string{"example.com", "example.com:8080", "localhost.example.com", "127.0.0.1.example.com", "192.168.1.7:8080", "[2001:db8::1]", "0.0.0.0:8080"} {
		r.refused(t, 421, "host: found", "GET", "/", "", "Host", host)
		r.refused(t, 421, "host: found", "POST", "/reset", "", "Host", host)
	}
	for _, host := range []string{"localhost", "LOCALHOST:9000", "127.0.0.1", "[::1]:8080", "localhost."} {
		if response, text := r.ask(t, "GET", "/state", "", "Host", host); response.StatusCode != 200 {
			t.Errorf("%s: status %d: %s", host, response.StatusCode, text)
		}
	}
	open := guard{hosts: []string{"localhost", "box"}}
	for host, known := range map[string]bool{"192.168.1.7:8080": true, "box:80": true, "example.com": false, "": false, "[fe80::1%25eth0]:80": true} {
		if open.knows(host) != known {
			t.Errorf("%q when served to the network: found %v, expected %v", host, !known, known)
		}
	}
}

func TestHeaders(t *testing.T) {
	r := serve(t)
	for _, path := range []string{"/", "/page.js", "/state", "/nope"} {
		response, _ := r.ask(t, "GET", path, "")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"} {
			if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: found the policy %q, expected %q in it", path, policy, want)
			}
		}
		if response.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: found no nosniff", path)
		}
	}
}

func TestOnlyThePageIsServed(t *testing.T) {
	r := serve(t)
	address := strings.TrimPrefix(r.url, "http://")
	for _, path := range []string{
		"/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/static/index.html", "/static/../server.go",
		"/page.js/", "/page.js/../../server.go", "/./page.js", `/..\..\server.go`, "/index.html", "/page.go", "/state/", "/%00", "/" + strings.Repeat("a/", 500),
	} {
		// By hand: a client would clean the path.
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
		answer, _ := io.ReadAll(c)
		c.Close()
		if status, _, _ := strings.Cut(string(answer), "\r\n"); !strings.HasPrefix(status, "HTTP/1.1 404 ") {
			t.Errorf("%.60s: found %q, expected 404", path, status)
		}
	}
}

func TestHugeBody(t *testing.T) {
	r := serve(t)
	for name, length := range map[string]int64{"said": 1 << 30, "unsaid": -1} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var sent atomic.Int64
		req, err := http.NewRequest("POST", r.url+"/predict", io.LimitReader(zeros{&sent}, 1<<30))
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		if response, err := http.DefaultClient.Do(req); err == nil {
			if response.Body.Close(); response.StatusCode != 413 {
				t.Errorf("%s: status %d, expected 413", name, response.StatusCode)
			}
		} // an error is the connection closed on us while we send
		runtime.ReadMemStats(&after)
		if took, used := sent.Load(), after.TotalAlloc-before.TotalAlloc; took > 128<<20 || used > 16<<20 {
			t.Errorf("%s: found %d bytes taken from the client and %d allocated", name, took, used)
		}
	}
	r.get(t, "GET", "/state", "", new(stateAnswer))
}

// zeros are as many as are asked for, and counted.
type zeros struct{ read *atomic.Int64 }

func (z zeros) Read(p []byte) (int, error) {
	clear(p)
	z.read.Add(int64(len(p)))
	return len(p), nil
}

// TestSlowClients trickles a header and a body: both are cut off, a training
// that takes longer is not. The limits are wide enough for a busy machine to send
// a request in, and far below what it takes for such a training.
func TestSlowClients(t *testing.T) {
	if usual := usualTimeouts; usual.header > 5*time.Second || usual.read > 10*time.Second || usual.write > time.Minute || usual.idle > time.Minute || min(usual.header, usual.read, usual.write, usual.idle) <= 0 {
		t.Errorf("found the timeouts %+v", usual)
	}
	const never = time.Minute // no limit is so wide
	short := timeouts{header: 500 * time.Millisecond, read: time.Second, write: time.Second, idle: time.Second}
	r := serveWith(t, large(t), short)
	var wait sync.WaitGroup
	for begin, limit := range map[string]time.Duration{
		"GET / HTTP/1.1\r\nHost: localhost\r\nX: ":                                    short.header,
		"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n": short.read,
	} {
		wait.Add(1)
		go func() {
			defer wait.Done()
			start := time.Now() // the server's clock begins later
			c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			ended := make(chan struct{})
			go func() { io.Copy(io.Discard, c); close(ended) }()
			for _, err = fmt.Fprint(c, begin); err == nil; _, err = fmt.Fprint(c, "x") {
				select {
				case <-ended:
					err = io.EOF
				case <-time.After(20 * time.Millisecond):
				}
				if err != nil || time.Since(start) > never {
					break
				}
			}
			if took := time.Since(start); took < limit/2 || took > never {
				t.Errorf("%.20q: cut off after %v, expected %v", begin, took, limit)
			}
		}()
	}
	wait.Wait()
	if testing.Short() {
		return // the race detector makes a training of this network long
	}
	r.get(t, "POST", "/samples?class=circle", shape(t, 1, 0), new(samplesAnswer))
	for name, corners := range shapes { // not by requests: a busy machine may be too slow for these limits
		drawing, err := readDrawing([]byte(shape(t, corners, 0)), "")
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			err := r.session(t).change(func(c classes) (classes, error) {
				c, _, err := c.with(name, drawing.sample)
				return c, err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if f, _ := r.retrained(t, "2"); f.Stopped || f.Seconds < short.read.Seconds() {
		t.Errorf("found a training of %.3f s, stopped %v, expected a whole one longer than %v", f.Seconds, f.Stopped, short.read)
	}
}

func TestManyClients(t *testing.T) {
	r := serve(t)
	drawing := shape(t, 4, 10)
	var wait sync.WaitGroup
	var mu sync.Mutex
	statuses := map[int]int{}
	client := &http.Client{Transport: &http.Transport{}}
	for range 200 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for range 3 {
				response, err := client.Post(r.url+"/predict", "image/png", strings.NewReader(drawing))
				if err != nil {
					t.Error(err)
					return
				}
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
				mu.Lock()
				statuses[response.StatusCode]++
				mu.Unlock()
			}
		}()
	}
	wait.Wait()
	if statuses[200] < 200 || statuses[200]+statuses[503] != 600 {
		t.Errorf("found the answers %v, expected 200 and 503 alone", statuses)
	}
	client.CloseIdleConnections()
	r.get(t, "POST", "/predict", drawing, new(prediction))
}

// TestSlowBodies has four hundred clients that send next to nothing: the page is
// there for others all the same. A busy machine may be slow once, not each time.
func TestSlowBodies(t *testing.T) {
	r := serve(t)
	for try := 0; ; try++ {
		state, predicted := r.amongSlowBodies(t)
		if state <= time.Second && predicted <= 5*time.Second {
			return
		}
		if try == 4 {
			t.Fatalf("found the state after %v and a prediction after %v, expected 1 s and 5 s at most", state, predicted)
		}
	}
}

// amongSlowBodies returns how long the page takes for its state, and for that and
// a prediction, while four hundred clients send next to nothing.
func (r *running) amongSlowBodies(t *testing.T) (state, predicted time.Duration) {
	t.Helper()
	for range 400 {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\nx")
	}
	start := time.Now()
	r.get(t, "GET", "/state", "", new(stateAnswer))
	state = time.Since(start)
	r.get(t, "POST", "/predict", shape(t, 4, 10), new(prediction))
	return state, time.Since(start)
}

// TestPanic makes a handler panic while it holds what others need.
func TestPanic(t *testing.T) {
	var said bytes.Buffer
	var mu sync.Mutex
	calls := 0
	g := &guard{log: log.New(&said, "", 0), hosts: []string{"example.com"}, requests: make(chan struct{}, 1),
		next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			calls++
			panic("a bug")
		})}
	for range 3 {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != 500 || !strings.Contains(w.Body.String(), "a bug of this program") {
			t.Errorf("found status %d and %q", w.Code, w.Body)
		}
	}
	if calls != 3 || strings.Count(said.String(), "bug: GET /: a bug") != 3 {
		t.Errorf("found %d calls and in the log %q", calls, &said)
	}
}
