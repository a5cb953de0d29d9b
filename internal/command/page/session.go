package page

import (
	"context"
	"github.com/lastlayer/lastlayer/model"
	"sync"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
)

// errBusy is the cause of the error for a change while another is under way.
var errBusy = errors.New("the network is being trained: one training at a time")

// errStopped is the error for a training that ended before it began.
var errStopped = errors.New("stopped before the first step: the network is as it was before")

// session is all that the page changes. A change works on values of its own and
// puts them here when it is done, so that whatever goes wrong in between, what
// is here is whole.
type session struct {
	loaded *model.Network // never changed
	seed   uint64

	predicting sync.Mutex // guards what follows
	current    *predictor

	changing chan struct{} // holds one token while lesson is in use
	lesson   *lesson       // nil when there is none
	last     int           // layers that lesson trains
	version  int           // of the drawings that lesson learns

	mu       sync.Mutex // guards what follows
	classes  classes
	drawings int    // version of classes
	taught   bool   // current is not the network as loaded
	stop     func() // ends the training under way; nil when there is none
}

func newSession(m *model.Network, seed uint64) (*session, error) {
	p, err := newPredictor(m)
	if err != nil {
		return nil, err
	}
	return &session{loaded: m, seed: seed, current: p, changing: make(chan struct{}, 1)}, nil
}

// begin claims the network for one change, until end is called.
func (s *session) begin() (end func(), err error) {
	select {
	case s.changing <- struct{}{}:
		return func() { <-s.changing }, nil
	default:
		return nil, errBusy
	}
}

// predict runs the network as it is now.
func (s *session) predict(digit dataset.Image28) (prediction, error) {
	s.predicting.Lock()
	defer s.predicting.Unlock()
	return s.current.predict(digit)
}

// model returns the network as it is now. It never changes.
func (s *session) model() *model.Network {
	s.predicting.Lock()
	defer s.predicting.Unlock()
	return s.current.model
}

// show puts a network in the place of the current one.
func (s *session) show(m *model.Network, taught bool) error {
	p, err := newPredictor(m)
	if err != nil {
		return err
	}
	s.predicting.Lock()
	old := s.current
	s.current = p
	s.predicting.Unlock()
	s.mu.Lock()
	s.taught = taught
	s.mu.Unlock()
	return old.close() // nobody runs it: predict holds the lock for that
}

// draw changes the drawings.
func (s *session) draw(change func(classes) (classes, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := change(s.classes)
	if err != nil {
		return err
	}
	s.classes = c
	s.drawings++
	return nil
}

// teach begins a lesson with the drawings that are there. Whoever calls it has
// claimed the network.
func (s *session) teach(ctx context.Context, last int) (*lesson, error) {
	if err := s.forget(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	c, version := s.classes, s.drawings
	s.mu.Unlock()
	l, err := newLesson(ctx, s.loaded, c, last, s.seed)
	if errors.Is(err, context.Canceled) {
		return nil, errStopped
	}
	if err != nil {
		return nil, err
	}
	s.lesson, s.last, s.version = l, last, version
	return l, nil
}

// forget ends the lesson, if there is one.
func (s *session) forget() error {
	l := s.lesson
	s.lesson = nil
	if l == nil {
		return nil
	}
	return l.close()
}

// reset shows the network as loaded again. The drawings stay.
func (s *session) reset() error {
	end, err := s.begin()
	if err != nil {
		return err
	}
	defer end()
	if err := s.forget(); err != nil {
		return err
	}
	return s.show(s.loaded, false)
}

// close frees the machines, once the last request is done.
func (s *session) close() error {
	s.changing <- struct{}{}
	if err := s.forget(); err != nil {
		return err
	}
	s.predicting.Lock()
	defer s.predicting.Unlock()
	return s.current.close()
}
