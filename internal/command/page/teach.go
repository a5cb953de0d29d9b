package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// teachRequest says how many of the last layers to train.
type teachRequest struct {
	Last int `json:"last"`
}

// eventTimeout is how long a page may take to read one event of a training. A page
// that takes longer counts as closed.
const eventTimeout = 5 * time.Second

// events writes server-sent events. The client asks with POST, since a training
// changes something, and reads them as they come.
type events struct {
	w       http.ResponseWriter
	control *http.ResponseController
	begun   bool
	err     error // the first one: nothing is written after it
}

func (e *events) send(name string, v any) {
	if e.err != nil {
		return
	}
	if !e.begun {
		e.begun = true
		e.w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	}
	data, err := json.Marshal(v)
	for _, next := range []func() error{
		func() error { return err },
		func() error { return e.control.SetWriteDeadline(time.Now().Add(eventTimeout)) },
		func() error { _, err := fmt.Fprintf(e.w, "event: %s\ndata: %s\n\n", name, data); return err },
		e.control.Flush,
	} {
		if e.err == nil {
			e.err = next()
		}
	}
}

// stepEvent is one training step.
type stepEvent struct {
	Step     int     `json:"step"`
	Of       int     `json:"of"`
	Loss     float64 `json:"loss"`
	Correct  int     `json:"correct"`
	Examples int     `json:"examples"`
}

// progress is how many of the samples the frozen layers have run over.
type progress struct {
	Done int `json:"done"`
	Of   int `json:"of"`
}

// Step implements train.Hook. A page that stops reading counts as closed, which stops
// the training.
func (e *events) Step(r train.StepReport) error {
	e.send("step", stepEvent{r.Step, r.Of, r.Loss, r.Correct, r.Examples})
	if e.err != nil {
		return errors.Wrap(context.Canceled, e.err.Error())
	}
	return nil
}

// Epoch implements train.Hook.
func (e *events) Epoch(train.EpochReport) error { return nil }

// retrain trains while the page listens: it ends when the page is closed.
func (s *Server) retrain(m *session, w http.ResponseWriter, r *http.Request) {
	var q teachRequest
	if err := readJSON(w, r, &q); err != nil {
		s.fail(w, err)
		return
	}
	e := &events{w: w, control: http.NewResponseController(w)}
	// The request has been read. A training may take longer than the read deadline, at
	// which the page would count as closed.
	if err := e.control.SetReadDeadline(time.Time{}); err != nil {
		s.fail(w, err)
		return
	}
	var features func(done, of int)
	if s.photos() { // drawings take no time
		features = func(done, of int) { e.send("features", progress{done, of}) }
	}
	result, err := m.retrain(r.Context(), q.Last, features, func(b started) { e.send("start", b) }, e)
	switch {
	case err == nil:
		e.send("done", result)
	case e.begun:
		s.log.Printf("%v", err)
		e.send("error", struct {
			Error string `json:"error"`
		}{err.Error()})
	default:
		s.fail(w, err)
	}
}

func (s *Server) stop(m *session, w http.ResponseWriter, _ *http.Request) {
	if !m.stopTraining() {
		refuse(w, http.StatusConflict, "found no training under way")
		return
	}
	answer(w, http.StatusOK, struct{}{})
}

func (s *Server) step(m *session, w http.ResponseWriter, r *http.Request) {
	var q teachRequest
	if err := readJSON(w, r, &q); err != nil {
		s.fail(w, err)
		return
	}
	result, err := m.step(r.Context(), q.Last)
	if err != nil {
		s.fail(w, err)
		return
	}
	answer(w, http.StatusOK, result)
}
