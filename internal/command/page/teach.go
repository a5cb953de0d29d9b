package page

import (
	"context"
	"encoding/json"
	"fmt"
	"github.com/lastlayer/lastlayer/model"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// teachRequest says how many of the last layers to train.
type teachRequest struct {
	Last int `json:"last"`
}

// eventTimeout is how long a page may take to read one event of a training. One
// that takes longer is gone.
const eventTimeout = 5 * time.Second

// events writes server-sent events. Their client asks by POST, since a training
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

// Step implements train.Hook. A page that reads no more counts as closed, and
// stops the training.
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
func (s *Server) retrain(w http.ResponseWriter, r *http.Request) {
	var q teachRequest
	if err := readJSON(w, r, &q); err != nil {
		s.fail(w, err)
		return
	}
	e := &events{w: w, control: http.NewResponseController(w)}
	// The request is read, and a training may take longer than that may: at the
	// deadline its page would be taken for closed.
	if err := e.control.SetReadDeadline(time.Time{}); err != nil {
		s.fail(w, err)
		return
	}
	result, err := s.session.retrain(r.Context(), q.Last, func(b started) { e.send("start", b) }, e)
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

func (s *Server) stop(w http.ResponseWriter, r *http.Request) {
	if !s.session.stopTraining() {
		refuse(w, http.StatusConflict, "found no training under way")
		return
	}
	answer(w, http.StatusOK, struct{}{})
}

func (s *Server) step(w http.ResponseWriter, r *http.Request) {
	var q teachRequest
	if err := readJSON(w, r, &q); err != nil {
		s.fail(w, err)
		return
	}
	result, err := s.session.step(r.Context(), q.Last)
	if err != nil {
		s.fail(w, err)
		return
	}
	answer(w, http.StatusOK, result)
}

// download sends the network as it is now, for mnist predict and the others.
func (s *Server) download(w http.ResponseWriter, r *http.Request) {
	select {
	case s.downloading <- struct{}{}:
		defer func() { <-s.downloading }()
	default:
		refuse(w, http.StatusServiceUnavailable, "busy: found %d downloads under way, expected fewer", cap(s.downloading))
		return
	}
	if err := send(w, r, s.session.model()); err != nil {
		s.fail(w, err)
	}
}

// send writes the network to a file in a folder of its own, and sends that.
func send(w http.ResponseWriter, r *http.Request, m *model.Network) error {
	folder, err := os.MkdirTemp("", "lastlayer-")
	if err != nil {
		return errors.Wrap(err, "a folder for the download")
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "model")
	if err := weightfile.Write(path, m); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return errors.Wrap(err, "read the download")
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="taught.safetensors"`)
	http.ServeContent(w, r, "", time.Time{}, f)
	return nil
}
