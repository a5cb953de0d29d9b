package page

import (
	"context"
	"sync"
	"time"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// errBusy is the cause of the error for a change while another is under way.
var errBusy = errors.New("the network is being trained: one training at a time")

// errStopped is the error for a training that ended before it began.
var errStopped = errors.New("stopped before the first step: the network is as it was before")

// session is everything that one browser's page changes. A change works on its own
// values and stores them here when it is done, so that the session stays consistent
// whatever goes wrong.
type session struct {
	name   string     // tells the page which session it is; "" for one that is not kept
	loaded *predictor // that of all sessions, whose network never changes
	seed   uint64

	users int       // requests under way; guarded by sessions
	used  time.Time // when the last one ended

	predicting sync.Mutex // guards what follows
	taught     *predictor // nil when the network is as loaded

	changing chan struct{} // holds one token while lesson is in use
	lesson   *lesson       // may be nil
	last     int           // layers that lesson trains
	version  int           // of the samples that lesson learns

	mu      sync.Mutex // guards what follows
	classes classes
	changes int    // version of classes
	stop    func() // ends the training under way; nil for none
}

func newSession(loaded *predictor, seed uint64) *session {
	return &session{loaded: loaded, seed: seed, changing: make(chan struct{}, 1)}
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

// predict runs the network as it is now on an image, [C,H,W].
func (s *session) predict(input []byte, q question) (prediction, error) {
	s.predicting.Lock()
	defer s.predicting.Unlock()
	return s.current().predict(input, q)
}

// current returns what runs the network as it is now. The caller holds the lock
// predicting.
func (s *session) current() *predictor {
	if s.taught != nil {
		return s.taught
	}
	return s.loaded
}

// network returns what runs the network as it is now, to be looked at and not to be
// run, and whether it was taught here.
func (s *session) network() (p *predictor, taught bool) {
	s.predicting.Lock()
	defer s.predicting.Unlock()
	return s.current(), s.taught != nil
}

// show replaces the current network by a taught one; nil is the network as loaded.
func (s *session) show(m *model.Network) (err error) {
	var p *predictor
	if m != nil {
		if p, err = newPredictor(m); err != nil {
			return err
		}
	}
	s.predicting.Lock()
	defer s.predicting.Unlock()
	old := s.taught
	s.taught = p
	if old == nil {
		return nil
	}
	return old.close()
}

// change changes the samples.
func (s *session) change(how func(classes) (classes, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := how(s.classes)
	if err != nil {
		return err
	}
	s.classes = c
	s.changes++
	return nil
}

// samples returns the classes as they are now, and their version.
func (s *session) samples() (classes, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.classes, s.changes
}

// teach begins a lesson with the current samples. The caller has claimed the network.
// features, if not nil, gets the progress of the pass through the frozen layers.
func (s *session) teach(ctx context.Context, last int, features func(done, of int)) (*lesson, error) {
	if err := s.forget(); err != nil {
		return nil, err
	}
	c, version := s.samples()
	l, err := newLesson(ctx, s.loaded.model, c, last, s.seed, features)
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

// reset shows the network as loaded again. The samples stay.
func (s *session) reset() error {
	end, err := s.begin()
	if err != nil {
		return err
	}
	defer end()
	if err := s.forget(); err != nil {
		return err
	}
	return s.show(nil)
}

// close frees the machines, once the last request is done.
func (s *session) close() error {
	s.changing <- struct{}{}
	if err := s.forget(); err != nil {
		return err
	}
	return s.show(nil)
}
