package train

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// Interval is how often a Saver writes; one of the three is above 0.
type Interval struct {
	Steps, Epochs int
	Time          time.Duration
}

// ParseInterval reads a number and a unit: "500steps", "1 epoch", "10minutes".
func ParseInterval(s string) (Interval, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	unit := strings.TrimSuffix(strings.TrimSpace(s[len(digits):]), "s")
	n, err := strconv.Atoi(strings.TrimSpace(digits))
	if err != nil || n < 1 || n > 1<<30 {
		return Interval{}, errors.Errorf("interval: found %q, expected a number from 1 and steps, epochs or minutes, as 500steps", s)
	}
	switch unit {
	case "step":
		return Interval{Steps: n}, nil
	case "epoch":
		return Interval{Epochs: n}, nil
	case "minute":
		return Interval{Time: time.Duration(n) * time.Minute}, nil
	}
	return Interval{}, errors.Errorf("interval: found the unit %q, expected steps, epochs or minutes", unit)
}

// Saver writes checkpoints of a training to a file, as a Hook that runs before
// another one's steps and epochs are counted. The file holds the whole network,
// frozen weights too: ReadCheckpoint takes it up.
type Saver struct {
	Path  string
	Every Interval
	// Settings is a JSON object of the caller's that travels in the file: what
	// must be the same for a training that is resumed, beyond what Restore
	// compares. "" for none.
	Settings string
	Next     Hook // called first; may be nil
	// Warn is called once for a checkpoint that cannot be written, as on a full
	// disk. It does not end the training: what it learns would be lost with it. The
	// next one is tried again. Nil: such an error ends the training.
	Warn func(error)

	trainer *Trainer
	network *model.Network
	written time.Time
	failed  error
}

// Start says which training is saved; network is what its Net was built from,
// or a part of what it was built from. Call it before Fit.
func (s *Saver) Start(t *Trainer, network *model.Network) {
	s.trainer, s.network, s.written = t, network, time.Now()
}

// Started reports whether Start was called.
func (s *Saver) Started() bool { return s.trainer != nil }

// Failed returns why the latest checkpoint could not be written, or nil.
func (s *Saver) Failed() error { return s.failed }

// Names of what a checkpoint's file says beside the network.
const (
	metaCheckpoint = "checkpoint"
	metaSettings   = "settings"
)

// Save writes a checkpoint. The one before stays until it is on disk, and where
// the training has diverged.
func (s *Saver) Save() error {
	if s.trainer.check() != nil || s.network == nil {
		return errors.New("save a checkpoint: Start was not called, or without a trainer and its network")
	}
	if err := s.trainer.checkLast(); err != nil {
		return err // which ends the training: there is nothing to go on with
	}
	state, err := s.trainer.Checkpoint()
	if err != nil {
		return err
	}
	text, err := json.Marshal(state)
	if err != nil {
		return errors.Wrap(err, "checkpoint")
	}
	n := *s.network
	n.Meta = map[string]string{metaCheckpoint: string(text)}
	if s.Settings != "" {
		n.Meta[metaSettings] = s.Settings
	}
	s.written = time.Now()
	before := s.failed
	s.failed = weightfile.WriteState(s.Path, &n, state.Tensors)
	if s.failed == nil || s.Warn == nil {
		return s.failed
	}
	if before == nil {
		s.Warn(s.failed)
	}
	return nil
}

// Step implements Hook.
func (s *Saver) Step(r StepReport) error {
	if s.Next != nil {
		if err := s.Next.Step(r); err != nil {
			return err
		}
	}
	if e := s.Every; e.Steps > 0 && r.Step%e.Steps == 0 || e.Time > 0 && time.Since(s.written) >= e.Time {
		return s.Save()
	}
	return nil
}

// Epoch implements Hook.
func (s *Saver) Epoch(r EpochReport) error {
	if s.Next != nil {
		if err := s.Next.Epoch(r); err != nil {
			return err
		}
	}
	if e := s.Every; e.Epochs > 0 && r.Epoch%e.Epochs == 0 {
		return s.Save()
	}
	return nil
}

// ReadCheckpoint reads what a Saver wrote: the network with the weights to
// continue with, the checkpoint for Trainer.Restore, and the Saver's Settings.
func ReadCheckpoint(path string) (n *model.Network, c Checkpoint, settings string, err error) {
	n, state, err := weightfile.ReadState(path)
	if err != nil {
		return nil, c, "", err
	}
	text := n.Meta[metaCheckpoint]
	if text == "" {
		return nil, c, "", errors.Wrapf(ErrCheckpoint, "%s: found a network without the state of a training", path)
	}
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, c, "", errors.Wrapf(ErrCheckpoint, "%s: metadata %s: %v", path, metaCheckpoint, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, c, "", errors.Wrapf(ErrCheckpoint, "%s: metadata %s: found more after the JSON object", path, metaCheckpoint)
	}
	settings = n.Meta[metaSettings]
	delete(n.Meta, metaCheckpoint)
	delete(n.Meta, metaSettings)
	c.Tensors = state
	return n, c, settings, nil
}
