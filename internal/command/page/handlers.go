package page

import (
	"io"
	"net/http"
	"os"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/strictjson"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// stateAnswer is all that the page needs to know to begin with.
type stateAnswer struct {
	Name     string            `json:"name"`
	Taught   bool              `json:"taught"`
	Training bool              `json:"training"`
	Classes  []string          `json:"classes"` // that the network knows now
	Loaded   []string          `json:"loaded"`  // that the network as loaded knows
	Layers   []model.LayerInfo `json:"layers"`  // of the network as it is now
	Drawings classes           `json:"drawings"`
	Limits   limits            `json:"limits"`
}

type limits struct {
	Classes  int `json:"classes"`
	Drawings int `json:"drawings"` // of a class
	Last     int `json:"last"`     // layers that may be trained
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	m := s.session
	a := stateAnswer{Name: s.name, Loaded: m.loaded.Classes, Limits: limits{maxClasses, maxDrawings, mostLayers(m.loaded.Spec)}}
	m.predicting.Lock()
	current := m.current
	layers := current.evaluator.Net().Describe()
	m.predicting.Unlock()
	a.Classes, a.Layers = current.model.Classes, layers
	m.mu.Lock()
	drawings := m.classes
	a.Taught, a.Training = m.taught, m.stop != nil
	m.mu.Unlock()
	a.Drawings = drawings.shown()
	answer(w, http.StatusOK, a)
}

func (s *Server) predict(w http.ResponseWriter, r *http.Request) {
	drawing, err := s.readDigit(w, r)
	if err != nil {
		s.fail(w, err)
		return
	}
	p, err := s.session.predict(drawing.Image)
	if err != nil {
		s.fail(w, err)
		return
	}
	p.Note = drawing.Note
	answer(w, http.StatusOK, p)
}

func (s *Server) addDrawing(w http.ResponseWriter, r *http.Request) {
	name, err := className(r.URL.Query().Get("class"))
	if err != nil {
		s.fail(w, err)
		return
	}
	drawing, err := s.readDigit(w, r)
	if err != nil {
		s.fail(w, err)
		return
	}
	if err := s.session.draw(func(c classes) (classes, error) { return c.with(name, drawing.Image) }); err != nil {
		s.fail(w, err)
		return
	}
	s.state(w, r)
}

func (s *Server) removeDrawing(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	what := query.Get("what")
	if what != "latest" && what != "all" {
		refuse(w, http.StatusBadRequest, "what: found %.100q, expected latest or all", what)
		return
	}
	if err := s.session.draw(func(c classes) (classes, error) { return c.without(query.Get("class"), what == "all") }); err != nil {
		s.fail(w, err)
		return
	}
	s.state(w, r)
}

func (s *Server) reset(w http.ResponseWriter, r *http.Request) {
	if err := s.session.reset(); err != nil {
		s.fail(w, err)
		return
	}
	s.state(w, r)
}

// readDigit reads the image in a request's body.
func (s *Server) readDigit(w http.ResponseWriter, r *http.Request) (dataset.Drawing, error) {
	content, err := readBody(w, r, maxImage)
	if err != nil {
		return dataset.Drawing{}, err
	}
	s.decoding <- struct{}{}
	defer func() { <-s.decoding }()
	return readDigit(content)
}

// readBody reads a request's body, of which a length beyond the limit is
// refused before it is read.
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

// errBody is the cause of errors about a body that is not what it should be.
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

// fail answers with an error: the client's own with a status of 400 and more.
func (s *Server) fail(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		refuse(w, http.StatusRequestEntityTooLarge, "body: found more than %d bytes, expected at most as many", large.Limit)
	case errors.Is(err, errSlow):
		refuse(w, http.StatusRequestTimeout, "%v", err)
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
