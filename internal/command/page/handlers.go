package page

import (
	"cmp"
	"image/png"
	"io"
	"math"
	"net/http"
	"os"
	"strconv"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/strictjson"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// stateAnswer is everything the page needs at the start.
type stateAnswer struct {
	Name     string            `json:"name"`
	Taught   bool              `json:"taught"`
	Training bool              `json:"training"`
	Classes  []string          `json:"classes"` // that the network knows now
	Layers   []model.LayerInfo `json:"layers"`  // of the network as it is now
	Inside   []string          `json:"inside"`  // of the nodes that predict tells of, the first layer of each
	Limits   limits            `json:"limits"`
	samplesAnswer
}

// samplesAnswer is what a change of the samples led to.
type samplesAnswer struct {
	Session string  `json:"session"` // another one when the session has ended; "" before the first sample
	Copied  bool    `json:"copied"`  // the class has the photo that was added already
	Samples classes `json:"samples"`
}

type limits struct {
	Classes int `json:"classes"`
	Samples int `json:"samples"` // of a class
	Last    int `json:"last"`    // layers that may be trained
	Bytes   int `json:"bytes"`   // of an image that is sent
	Pixels  int `json:"pixels"`  // of the same
	Side    int `json:"side"`    // of a photo, pixels of the shorter side that are enough
}

func (s *Server) limits() limits {
	m := s.loaded.model
	l := limits{maxClasses, maxDrawings, mostLayers(m.Spec), maxImage, maxPixels, 0}
	if m.Prep.IsPhoto() {
		l.Samples, l.Side = maxPhotos, max(m.Prep.Photo.Resize, m.Spec.Input[1], m.Spec.Input[2])*3/2
	}
	return l
}

func (s *Server) state(m *session, w http.ResponseWriter, _ *http.Request) {
	a := stateAnswer{Name: s.name, Limits: s.limits(), samplesAnswer: m.answer()}
	p, taught := m.network()
	a.Classes, a.Layers, a.Inside, a.Taught, a.Training = p.model.Classes, p.layers, p.first, taught, m.training()
	answer(w, http.StatusOK, a)
}

func (s *session) answer() samplesAnswer {
	c, _ := s.samples()
	return samplesAnswer{Session: s.name, Samples: c.shown()}
}

func (s *Server) predict(m *session, w http.ResponseWriter, r *http.Request) {
	q := question{inside: !s.photos() || r.URL.Query().Get("inside") != ""}
	if text := r.URL.Query().Get("threshold"); text != "" {
		var err error
		if q.threshold, err = strconv.ParseFloat(text, 64); err != nil || !(q.threshold >= 0 && q.threshold <= 1) {
			refuse(w, http.StatusBadRequest, "threshold: found %.100q, expected a number from 0 to 1", text)
			return
		}
	}
	image, err := s.take(w, r)
	if err != nil {
		s.fail(w, err)
		return
	}
	p, err := m.predict(image.input, q)
	if err != nil {
		s.fail(w, err)
		return
	}
	p.Note = image.note
	if !s.photos() {
		p.Input = image.input
	} else if q.inside {
		if p.Picture, err = jpegOf(picture(image.input, s.loaded.model)); err != nil {
			s.fail(w, err)
			return
		}
	}
	answer(w, http.StatusOK, p)
}

// add does not use the request's session: the first sample makes the session one that
// is kept.
func (s *Server) add(w http.ResponseWriter, r *http.Request) {
	name, err := className(r.URL.Query().Get("class"))
	if err != nil {
		s.fail(w, err)
		return
	}
	image, err := s.take(w, r)
	if err != nil {
		s.fail(w, err)
		return
	}
	m, done, err := s.sessions.kept(w, r)
	if err != nil {
		s.fail(w, err)
		return
	}
	defer done()
	copied := false
	err = m.change(func(c classes) (_ classes, err error) {
		c, copied, err = c.with(name, image.sample)
		return c, err
	})
	if err != nil {
		s.fail(w, err)
		return
	}
	a := m.answer()
	a.Copied = copied
	answer(w, http.StatusOK, a)
}

func (s *Server) remove(m *session, w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	n := math.MaxInt // "all"
	if latest := query.Get("latest"); latest != "" || query.Get("what") == "latest" {
		var err error
		if n, err = strconv.Atoi(cmp.Or(latest, "1")); err != nil || n < 1 {
			refuse(w, http.StatusBadRequest, "latest: found %.100q, expected a number from 1", latest)
			return
		}
	} else if what := query.Get("what"); what != "all" {
		refuse(w, http.StatusBadRequest, "what: found %.100q, expected latest or all", what)
		return
	}
	if err := m.change(func(c classes) (classes, error) { return c.without(query.Get("class"), n) }); err != nil {
		s.fail(w, err)
		return
	}
	answer(w, http.StatusOK, m.answer())
}

// sheet sends a picture of the latest photos of a class.
func (s *Server) sheet(m *session, w http.ResponseWriter, r *http.Request) {
	c, _ := m.samples()
	i := c.index(r.URL.Query().Get("class"))
	if i < 0 || !s.photos() {
		refuse(w, http.StatusNotFound, "class: found no photos of %.100q", r.URL.Query().Get("class"))
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_ = png.Encode(w, c[i].sheet()) // a client that is gone needs no answer
}

func (s *Server) reset(m *session, w http.ResponseWriter, r *http.Request) {
	if err := m.reset(); err != nil {
		s.fail(w, err)
		return
	}
	s.state(m, w, r)
}

// photos reports whether the network's images are photos.
func (s *Server) photos() bool { return s.loaded.model.Prep.IsPhoto() }

// take reads the image in a request's body.
func (s *Server) take(w http.ResponseWriter, r *http.Request) (taken, error) {
	content, err := readBody(w, r, maxImage)
	if err != nil {
		return taken{}, err
	}
	s.decoding <- struct{}{}
	defer func() { <-s.decoding }()
	return take(content, s.loaded.model)
}

// readBody reads a request's body. A length above the limit is refused before
// anything is read.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close")
		return nil, &http.MaxBytesError{Limit: limit}
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		return content, nil
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return nil, large
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, errSlow
	}
	return nil, errors.Wrap(errBody, err.Error())
}

// errSlow is the error for a body that takes too long to come.
var errSlow = errors.New("body: it takes too long to come")

// errBody is the cause of errors about a body of the wrong form.
var errBody = errors.New("body")

// readJSON decodes a body that holds exactly what v takes.
func readJSON(w http.ResponseWriter, r *http.Request, v any) error {
	content, err := readBody(w, r, maxJSON)
	if err != nil {
		return err
	}
	if err := strictjson.Decode(content, v); err != nil {
		return errors.Wrap(errBody, err.Error())
	}
	return nil
}

// fail answers with an error; one that is the client's fault has a status from 400.
func (s *Server) fail(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		refuse(w, http.StatusRequestEntityTooLarge, "body: found more than %d bytes, expected at most as many", large.Limit)
	case errors.Is(err, errSlow):
		refuse(w, http.StatusRequestTimeout, "%v", err)
	case errors.Is(err, errFull):
		refuse(w, http.StatusServiceUnavailable, "%v", err)
	case errors.Is(err, errBusy) || errors.Is(err, errStopped):
		refuse(w, http.StatusConflict, "%v", err)
	case errors.Is(err, errPixels) || errors.Is(err, dataset.ErrTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "%v", err)
	case errors.Is(err, dataset.ErrBlank):
		refuse(w, http.StatusUnprocessableEntity, "%v", err)
	case errors.Is(err, errBody) || errors.Is(err, errClass) || errors.Is(err, dataset.ErrFormat):
		refuse(w, http.StatusBadRequest, "%v", err)
	default:
		s.log.Printf("%v", err)
		refuse(w, http.StatusInternalServerError, "%v", err)
	}
}
