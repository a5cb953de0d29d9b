package page

import (
	"bufio"
	"context"
	"encoding/json"
	"github.com/lastlayer/lastlayer/model"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/model/weightfile"
)

// shapes are the classes that are taught: a name and a number of corners.
var shapes = map[string]int{"triangle": 3, "square": 4, "circle": 1}

// teach adds so many drawings of each shape, each turned otherwise.
func (r *running) teach(t *testing.T, n int) {
	t.Helper()
	for _, name := range []string{"triangle", "square", "circle"} {
		for i := range n {
			r.get(t, "POST", "/samples?class="+url.QueryEscape(name), shape(t, shapes[name], float64(5*i-10)), new(stateAnswer))
		}
	}
}

// training asks for a training and hands on its events until f returns false.
func (r *running) training(t *testing.T, ctx context.Context, last string, f func(name, data string) bool) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", r.url+"/retrain", strings.NewReader(`{"last":`+last+`}`))
	if err != nil {
		t.Fatal(err)
	}
	response, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); response.StatusCode != 200 || !strings.HasPrefix(kind, "text/event-stream") {
		text, _ := io.ReadAll(response.Body)
		t.Fatalf("retrain: status %d, %s: %s", response.StatusCode, kind, text)
	}
	lines := bufio.NewScanner(response.Body)
	name := ""
	for lines.Scan() {
		if n, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = n
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && !f(name, data) {
			return
		}
	}
}

// retrained trains to the end and returns what the training did.
func (r *running) retrained(t *testing.T, last string) (f finished, losses []float64) {
	t.Helper()
	r.training(t, context.Background(), last, func(name, data string) bool {
		var s stepEvent
		switch name {
		case "step":
			if err := json.Unmarshal([]byte(data), &s); err != nil {
				t.Error(err)
			}
			losses = append(losses, s.Loss)
		case "done":
			if err := json.Unmarshal([]byte(data), &f); err != nil {
				t.Error(err)
			}
		case "error":
			t.Error(data)
		}
		return true
	})
	return f, losses
}

// TestTeach goes the whole way: drawings, retraining of the last layer and of
// the last two, answers of the new classes, download, reset.
func TestTeach(t *testing.T) {
	r := serve(t)
	r.teach(t, 5)
	pre, _ := digits()
	for last, trained := range map[string]string{"1": "fc2/W fc2/b", "2": "fc1/W fc1/b fc2/W fc2/b"} {
		f, losses := r.retrained(t, last)
		if !f.Identical || f.Stopped || f.Right != 15 || f.Measured != 15 || losses[len(losses)-1] > losses[0]/2 {
			t.Errorf("last %s: found %+v and losses from %v to %v", last, f, losses[0], losses[len(losses)-1])
		}
		var names []string
		for _, w := range f.Weights {
			if w.Trained {
				names = append(names, w.Name)
			}
			if (w.Before == w.After) == w.Trained || len(w.After) != 64 {
				t.Errorf("last %s: found %+v", last, w)
			}
		}
		if strings.Join(names, " ") != trained {
			t.Errorf("last %s: found %v trained", last, names)
		}
		for name, corners := range shapes {
			var p prediction
			r.get(t, "POST", "/predict", shape(t, corners, 3), &p)
			if p.Label != name {
				t.Errorf("last %s: found %s for a new %s: %v", last, p.Label, name, p.Probabilities)
			}
		}
	}
	m := r.download(t)
	if strings.Join(m.Classes, " ") != "triangle square circle" || m.Weights.Hash("conv2/W") != pre.Weights.Hash("conv2/W") {
		t.Errorf("found the classes %v in the download, or other convolutions", m.Classes)
	}
	var s stateAnswer
	r.get(t, "POST", "/reset", "", &s)
	if s.Taught || len(s.Classes) != 10 || len(s.Samples) != 3 || s.Samples[0].Count != 5 {
		t.Errorf("found %v and %d drawn classes after a reset", s.Classes, len(s.Samples))
	}
	if m := r.download(t); m.Weights.Hash("fc2/W") != pre.Weights.Hash("fc2/W") {
		t.Error("the network after a reset is not the one loaded")
	}
}

// download reads the network as it is now, as mnist predict would.
func (r *running) download(t *testing.T) *model.Network {
	t.Helper()
	response, content := r.ask(t, "GET", "/model", "")
	if response.StatusCode != 200 || !strings.Contains(response.Header.Get("Content-Disposition"), ".safetensors") {
		t.Fatalf("status %d, %v", response.StatusCode, response.Header)
	}
	path := filepath.Join(t.TempDir(), "taught.safetensors")
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	m, err := weightfile.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSameDrawingsSameNetwork holds the page to its seed.
func TestSameDrawingsSameNetwork(t *testing.T) {
	var hashes []string
	for range 2 {
		r := serve(t)
		r.teach(t, 2)
		f, _ := r.retrained(t, "1")
		for _, w := range f.Weights {
			hashes = append(hashes, w.After)
		}
		again, _ := r.retrained(t, "1")
		for i, w := range again.Weights {
			if w.After != f.Weights[i].After {
				t.Errorf("%s: a second training led elsewhere", w.Name)
			}
		}
	}
	if n := len(hashes) / 2; strings.Join(hashes[:n], "") != strings.Join(hashes[n:], "") {
		t.Error("two servers of one seed learnt different weights")
	}
}

func TestStep(t *testing.T) {
	r := serve(t)
	r.teach(t, 3)
	first := 0.0
	for i := range 6 {
		var s stepResult
		r.get(t, "POST", "/step", `{"last":1}`, &s)
		if s.Step != i+1 || s.Examples < 1 || s.Examples > batch || len(s.Layers) != 4 {
			t.Fatalf("found %+v", s)
		}
		for _, l := range s.Layers {
			if trained := l.Name == "fc2"; l.Trained != trained || (l.Gradient != nil) != trained || (l.Change > 0) != trained {
				t.Errorf("step %d: found %+v", i+1, l)
			}
		}
		if i == 0 {
			first = s.Loss
		} else if i == 5 && s.Loss >= first {
			t.Errorf("found a loss of %v, and %v five steps later", first, s.Loss)
		}
	}
	// Other layers, or other drawings, begin anew.
	var s stepResult
	r.get(t, "POST", "/step", `{"last":2}`, &s)
	if s.Step != 1 || !s.Layers[2].Trained || s.Layers[1].Change != 0 {
		t.Errorf("found %+v", s)
	}
	r.teach(t, 1)
	if r.get(t, "POST", "/step", `{"last":2}`, &s); s.Step != 1 {
		t.Errorf("found step %d with other drawings", s.Step)
	}
	f, losses := r.retrained(t, "2")
	if r.get(t, "POST", "/step", `{"last":2}`, &s); s.Step != len(losses)+1 || f.Stopped {
		t.Errorf("found step %d after a training of %d", s.Step, len(losses))
	}
}

// TestOneTrainingAtATime asks for changes during one, then stops it: by the
// page's button, and by closing the page.
func TestOneTrainingAtATime(t *testing.T) {
	r := serveWith(t, large(t), usualTimeouts)
	r.teach(t, 20)
	stops := 0
	r.training(t, context.Background(), "2", func(name, data string) bool {
		if name == "step" && stops == 0 {
			for _, q := range []string{"/retrain", "/step"} {
				r.refused(t, 409, "one training at a time", "POST", q, `{"last":1}`)
			}
			r.refused(t, 409, "one training at a time", "POST", "/reset", "")
			r.get(t, "POST", "/predict", shape(t, 3, 0), new(prediction))
			var s stateAnswer
			if r.get(t, "GET", "/state", "", &s); !s.Training {
				t.Error("the state knows of no training")
			}
			r.get(t, "POST", "/stop", "", new(struct{}))
			stops++
		}
		if name == "done" {
			stops++
			if !strings.Contains(data, `"stopped":true`) {
				t.Errorf("found %s after a stop", data)
			}
		}
		return true
	})
	if stops != 2 {
		t.Errorf("found %d events, expected a step and the end", stops)
	}
	ctx, closePage := context.WithCancel(context.Background())
	r.training(t, ctx, "2", func(name, _ string) bool { return name != "step" })
	closePage()
	r.stoppedEarly(t)
	r.get(t, "POST", "/reset", "", new(stateAnswer))
}

// stoppedEarly waits for the end of a training of the last 2 layers whose page
// is gone, and makes sure that it was not the end of all its steps.
func (r *running) stoppedEarly(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		var s stateAnswer
		if r.get(t, "GET", "/state", "", &s); !s.Training {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the training goes on for nobody")
		}
	}
	var s stepResult
	if r.get(t, "POST", "/step", `{"last":2}`, &s); s.Step > r.session(t).lesson.steps() {
		t.Errorf("found step %d next: the training made all %d for nobody", s.Step, r.session(t).lesson.steps())
	}
}
