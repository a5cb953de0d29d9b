package page

import (
	"context"
	"time"

	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// started is what a training is going to do.
type started struct {
	Drawings int      `json:"drawings"`
	Examples int      `json:"examples"` // with the altered copies
	Copies   int      `json:"copies"`   // of each drawing, itself among them
	Epochs   int      `json:"epochs"`
	Steps    int      `json:"steps"`
	Trained  []string `json:"trained"`
	Frozen   []string `json:"frozen"`
}

// finished is what a training did.
type finished struct {
	Stopped   bool     `json:"stopped"`
	Seconds   float64  `json:"seconds"`
	Drawings  int      `json:"drawings"`
	Right     int      `json:"right"` // of the drawings
	Loss      float64  `json:"loss"`  // on the drawings
	Identical bool     `json:"frozen_identical"`
	Weights   []hashed `json:"weights"`
}

// retrain trains a new head on the drawings, until it is done, ctx is, or the
// training is stopped. Then the network that it led to is shown.
func (s *session) retrain(ctx context.Context, last int, begun func(started), hook train.Hook) (result finished, err error) {
	end, err := s.begin()
	if err != nil {
		return finished{}, err
	}
	defer end()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s.setStop(stop)
	defer s.setStop(nil)
	start := time.Now()
	l, err := s.teach(ctx, last)
	if err != nil {
		return finished{}, err
	}
	before := l.hashes()
	begun(started{l.drawn, l.head.Data.Len(), l.copies, epochs, l.steps(), l.trainer.Net().TrainedWeights(), l.trainer.Net().FrozenWeights()})
	result.Stopped, err = l.fit(ctx, hook)
	result.Seconds = time.Since(start).Seconds()
	if err == nil {
		err = s.judge(l, before, &result)
	}
	return result, s.keep(err)
}

// judge fills in what a training led to, and shows the network.
func (s *session) judge(l *lesson, before map[string]string, result *finished) error {
	if result.Weights, result.Identical = l.compare(before); !result.Identical {
		return errors.New("a frozen weight has changed: this is a bug")
	}
	m, err := l.right()
	if err != nil {
		return err
	}
	result.Drawings, result.Right, result.Loss = m.Examples, m.Correct, m.Loss
	return s.show(l.model, true)
}

// keep forgets the lesson if there was an error: its weights may be no numbers
// any more. The network that is shown is another.
func (s *session) keep(err error) error {
	if err == nil {
		return nil
	}
	if closing := s.forget(); closing != nil {
		return closing
	}
	return errors.WithMessage(err, "the network is as it was before")
}

func (s *session) setStop(stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop = stop
}

// stopTraining ends the training under way and reports whether there was one.
func (s *session) stopTraining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop == nil {
		return false
	}
	s.stop()
	return true
}

// step makes one step of the lesson: a new one when the drawings, or the layers
// to train, are not those of the lesson that is there.
func (s *session) step(ctx context.Context, last int) (stepResult, error) {
	end, err := s.begin()
	if err != nil {
		return stepResult{}, err
	}
	defer end()
	s.mu.Lock()
	version := s.drawings
	s.mu.Unlock()
	if s.lesson == nil || s.last != last || s.version != version {
		if _, err := s.teach(ctx, last); err != nil {
			return stepResult{}, err
		}
	}
	result, err := s.lesson.step()
	if err == nil {
		err = s.show(s.lesson.model, true)
	}
	return result, s.keep(err)
}
