package page

import (
	"context"
	"time"

	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// started is what a training is going to do.
type started struct {
	Samples  int      `json:"samples"`  // that are taught
	Held     int      `json:"held"`     // and held out, to measure the training
	Examples int      `json:"examples"` // with altered copies of drawings
	Epochs   int      `json:"epochs"`
	Steps    int      `json:"steps"`
	Trained  []string `json:"trained"`
	Frozen   []string `json:"frozen"`
}

// finished is what a training did.
type finished struct {
	Stopped   bool     `json:"stopped"`
	Seconds   float64  `json:"seconds"`
	HeldOut   bool     `json:"held_out"` // measured on photos that were not taught, otherwise on the drawings that were
	Measured  int      `json:"measured"` // samples; 0 where too few photos are there to hold some out
	Right     int      `json:"right"`    // of those measured
	Loss      float64  `json:"loss"`     // on those measured
	Recalls   []recall `json:"recalls"`  // of the classes that were measured
	Identical bool     `json:"frozen_identical"`
	Weights   []hashed `json:"weights"`
}

// recall is how many samples of a class are recognised.
type recall struct {
	Class    string `json:"class"`
	Measured int    `json:"measured"`
	Right    int    `json:"right"`
}

// retrain trains a new head on the samples until it is done, ctx ends, or the training
// is stopped. Then the page shows the resulting network.
func (s *session) retrain(ctx context.Context, last int, features func(done, of int), begun func(started), hook train.Hook) (result finished, err error) {
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
	l, err := s.teach(ctx, last, features)
	if err != nil {
		return finished{}, err
	}
	before := l.hashes()
	begun(started{l.taught, l.held(), l.head.Data.Len(), l.epochs, l.steps(), l.trainer.Net().TrainedWeights(), l.trainer.Net().FrozenWeights()})
	result.Stopped, err = l.fit(ctx, hook)
	result.Seconds = time.Since(start).Seconds()
	if err == nil {
		err = s.judge(l, before, &result)
	}
	return result, s.keep(err)
}

// judge fills in the results of a training, and shows the network.
func (s *session) judge(l *lesson, before map[string]string, result *finished) error {
	if result.Weights, result.Identical = l.compare(before); !result.Identical {
		return errors.New("a frozen weight has changed: this is a bug")
	}
	result.HeldOut = l.model.Prep.IsPhoto()
	if l.head.Validation != nil {
		m, err := l.head.Evaluate(context.Background(), l.head.Validation)
		if err != nil {
			return err
		}
		result.Measured, result.Right, result.Loss = m.Examples, m.Correct, m.Loss
		for label, row := range m.Confusion {
			r := recall{Class: l.model.Classes[label], Right: row[label]}
			for _, n := range row {
				r.Measured += n
			}
			result.Recalls = append(result.Recalls, r)
		}
	}
	return s.show(l.model)
}

// keep forgets the lesson after an error: its weights may no longer be finite. The
// network that is shown is a copy.
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

// training reports whether a training is under way.
func (s *session) training() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stop != nil
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

// step makes one step of the lesson. It begins a new lesson if the samples or the
// layers to train have changed.
func (s *session) step(ctx context.Context, last int) (stepResult, error) {
	end, err := s.begin()
	if err != nil {
		return stepResult{}, err
	}
	defer end()
	_, version := s.samples()
	if s.lesson == nil || s.last != last || s.version != version {
		if _, err := s.teach(ctx, last, nil); err != nil {
			return stepResult{}, err
		}
	}
	result, err := s.lesson.step()
	if err == nil {
		err = s.show(s.lesson.model)
	}
	return result, s.keep(err)
}
