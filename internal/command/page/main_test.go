package page

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"image"
	"image/color"
	"image/png"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
)

var file = flag.String("model", "", "network that knows the ten digits, instead of a small one that is trained first")

// digits is a network that knows the ten digits tolerably: the convolutions are
// worth retraining a head on. Tests share it and none changes it.
var digits = sync.OnceValues(func() (*model.Network, error) {
	if *file != "" {
		return weightfile.Read(*file)
	}
	data, _, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		return nil, err
	}
	m := &model.Network{Spec: small(), Classes: data.Classes, Prep: data.Prep}
	if m.Weights, err = model.Init(m.Spec, rand.New(rand.NewPCG(1, 1))); err != nil {
		return nil, err
	}
	net, err := model.Build(m, model.All(), model.Batch(32))
	if err != nil {
		return nil, err
	}
	t, err := train.New(net, train.NewMomentum(0.02, 0.9), 1)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	return m, t.Fit(context.Background(), data, train.Options{Epochs: 3, Schedule: train.CosineRate})
})

// small is the seed network with fewer of everything, so that the tests are
// fast under the race detector too.
func small() model.Spec {
	spec := model.DeepMNIST()
	for i, l := range spec.Layers {
		switch l.Name {
		case "conv1":
			k := l.Kind.(model.Conv)
			k.Out = 8
			spec.Layers[i].Kind = k
		case "conv2":
			k := l.Kind.(model.Conv)
			k.Out = 16
			spec.Layers[i].Kind = k
		case "fc1":
			k := l.Kind.(model.Dense)
			k.Out = 128
			spec.Layers[i].Kind = k
		}
	}
	return spec
}

// large is the seed network, which knows nothing: what it is taught takes a
// second or so, long enough to be stopped in the midst of it.
func large(t *testing.T) *model.Network {
	t.Helper()
	m := &model.Network{Spec: model.DeepMNIST(), Classes: strings.Split("0123456789", ""), Prep: dataset.MNISTPreprocessing()}
	var err error
	if m.Weights, err = model.Init(m.Spec, rand.New(rand.NewPCG(1, 1))); err != nil {
		t.Fatal(err)
	}
	return m
}

// running is a server at a port of its own.
type running struct {
	*Server
	url    string
	said   *bytes.Buffer
	client *http.Client // of one session
}

// serve starts a server as mnist serve does, until the test ends.
func serve(t *testing.T) *running {
	t.Helper()
	m, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	return serveWith(t, m, usualTimeouts)
}

func serveWith(t *testing.T, m *model.Network, limits timeouts) *running {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &running{said: &bytes.Buffer{}, client: &http.Client{Jar: jar}}
	if r.Server, err = New(m, Options{Name: "digits.safetensors", Seed: 1, Loopback: true, Log: log.New(r.said, "", 0)}); err != nil {
		t.Fatal(err)
	}
	r.timeouts = limits
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.url = "http://" + l.Addr().String()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- r.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// ask sends a request and returns its answer and what it says.
func (r *running) ask(t *testing.T, method, path, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		} else {
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	response, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

// session returns the one session that is there.
func (r *running) session(t *testing.T) *session {
	t.Helper()
	r.sessions.mu.Lock()
	defer r.sessions.mu.Unlock()
	for _, s := range r.sessions.byID {
		if len(r.sessions.byID) == 1 {
			return s
		}
	}
	t.Fatalf("found %d sessions, expected one", len(r.sessions.byID))
	return nil
}

// get asks for an answer with status 200 and decodes it into v.
func (r *running) get(t *testing.T, method, path, body string, v any) {
	t.Helper()
	response, text := r.ask(t, method, path, body)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: status %d: %s", method, path, response.StatusCode, text)
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

// refused checks that a request is answered with that status and one line that
// holds the words.
func (r *running) refused(t *testing.T, status int, say string, method, path, body string, headers ...string) {
	t.Helper()
	response, text := r.ask(t, method, path, body, headers...)
	if response.StatusCode != status || !strings.Contains(text, say) || strings.Count(strings.TrimSpace(text), "\n") != 0 || len(text) > 400 {
		t.Errorf("%s %.60s %v: status %d and %q, expected %d and one line with %q", method, path, headers, response.StatusCode, text, status, say)
	}
}

// shape draws a closed polygon of so many corners, 1 for a circle, turned by a
// number of degrees, as a PNG file.
func shape(t *testing.T, corners int, turned float64) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 280, 280))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, p := range outline(corners, turned) {
		for y := -10; y <= 10; y++ {
			for x := -10; x <= 10; x++ {
				if x*x+y*y <= 100 {
					img.SetGray(int(p[0])+x, int(p[1])+y, color.Gray{})
				}
			}
		}
	}
	return encode(t, img)
}

func encode(t *testing.T, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
