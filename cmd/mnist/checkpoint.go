package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"github.com/lastlayer/lastlayer/model"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/strictjson"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// checkpointFlags are the flags of train and retrain about saving a training
// and taking it up again.
type checkpointFlags struct {
	file   string
	every  string
	resume string
}

// usualInterval is how often a checkpoint is written where nothing is said.
const usualInterval = "1epochs"

func (c *checkpointFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.file, "checkpoint", "", "file to save the training to, so that it can be taken up again")
	f.StringVar(&c.every, "every", usualInterval, "how often: a number and steps, epochs or minutes, as 500steps")
	f.StringVar(&c.resume, "resume", "", "checkpoint to go on from, with the same flags; the result is the same as without a break")
}

// interval is how often a checkpoint is written; one of the three is not 0.
type interval struct {
	steps, epochs int
	time          time.Duration
}

func parseInterval(s string) (interval, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyz")
	unit := strings.TrimSuffix(strings.TrimSpace(s[len(digits):]), "s")
	n, err := strconv.Atoi(strings.TrimSpace(digits))
	if err != nil || n < 1 || n > 1<<30 {
		return interval{}, errors.Errorf("--every: found %q, expected a number from 1 and steps, epochs or minutes, as 500steps", s)
	}
	switch unit {
	case "step":
		return interval{steps: n}, nil
	case "epoch":
		return interval{epochs: n}, nil
	case "minute":
		return interval{time: time.Duration(n) * time.Minute}, nil
	}
	return interval{}, errors.Errorf("--every: found the unit %q, expected steps, epochs or minutes", unit)
}

// settings are what must be the same for a training that is taken up again.
type settings struct {
	Command    string  `json:"command"`
	Data       string  `json:"data"` // SHA-256 of the training images
	Held       string  `json:"held"` // and of those kept for validation
	Batch      int     `json:"batch"`
	Epochs     int     `json:"epochs"`
	Solver     string  `json:"solver"`
	Rate       float64 `json:"lr"`
	Momentum   float64 `json:"momentum"`
	Decay      float64 `json:"weight-decay"`
	Schedule   string  `json:"schedule"`
	Seed       uint64  `json:"seed"`
	Validation float64 `json:"validation"`
	Patience   int     `json:"patience"`
	Train      string  `json:"train"` // the selection, in words
	Augment    string  `json:"augment,omitempty"`
	LayerRates string  `json:"layer-lr,omitempty"`
}

func (t *trainingFlags) settings(command, selection string, data *dataset.Set, opt train.Options) settings {
	s := settings{command, hash(data), "", t.batch, t.epochs, t.solver, t.rate, t.momentum, t.decay, t.schedule, t.seed, t.validation, t.patience, selection, t.augment.String(), ""}
	if held, ok := opt.Validation.(*dataset.Set); ok {
		s.Held = hash(held)
	}
	return s
}

func hash(set *dataset.Set) string {
	h := set.Hash()
	return hex.EncodeToString(h[:])
}

// differences names the settings in which a checkpoint differs from this
// command. With a constant learning rate the number of epochs may differ.
func (s settings) differences(saved settings) []string {
	if s.Schedule == "constant" {
		saved.Epochs = s.Epochs
	}
	var found []string
	now, then := reflect.ValueOf(s), reflect.ValueOf(saved)
	for i := range now.NumField() {
		if a, b := now.Field(i).Interface(), then.Field(i).Interface(); a != b {
			found = append(found, fmt.Sprintf("%s was %v, is %v", settingName(now.Type().Field(i)), orNone(b), orNone(a)))
		}
	}
	return found
}

// settingName names a setting for people: as its flag, which is its name in the
// checkpoint too, but for what no flag says.
func settingName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch name {
	case "data":
		return "the training data"
	case "held":
		return "the validation data"
	}
	return name
}

// orNone returns the value of a setting, or what to say where it has none.
func orNone(value any) any {
	if value == "" {
		return "none"
	}
	return value
}

const (
	metaCheckpoint = "checkpoint"
	metaSettings   = "settings"
)

// checkpointer writes checkpoints of a training, and takes one up.
type checkpointer struct {
	path     string // "" for none
	interval interval
	settings settings
	model    *model.Network // what it is a training of
	trainer  *train.Trainer
	from     *train.Checkpoint // to go on from; nil for none
	written  time.Time
	warn     func(format string, args ...any)
	failed   error // why the latest one could not be written; nil if it was
}

// errCheckpoint is the error for a training that is done, but whose checkpoint
// could not be written.
type errCheckpoint struct{ error }

func (c *checkpointFlags) check() error {
	if _, err := parseInterval(c.every); err != nil {
		return usage(err)
	}
	if c.file != "" {
		return writable(c.file)
	}
	if c.every != usualInterval && c.resume == "" {
		return usage(errors.New("--every: goes with --checkpoint, which is not given"))
	}
	return nil
}

// files are those that the flags name. A training may go on in the checkpoint
// that it is taken up from.
func (c *checkpointFlags) files() []namedFile {
	return []namedFile{{flag: "--checkpoint", path: c.file, written: true, with: "--resume"}, {flag: "--resume", path: c.resume}}
}

// begin returns what writes the checkpoints of a training of m, and has it told
// of each step. A checkpoint to go on from, in source, must be of the same
// training.
func (c *checkpointFlags) begin(s settings, m, source *model.Network, opt *train.Options, out *output) (*checkpointer, error) {
	every, err := parseInterval(c.every)
	if err != nil {
		return nil, usage(err)
	}
	network := *m // without the state of a training
	network.State, network.Meta = nil, nil
	saved := &checkpointer{path: c.file, interval: every, settings: s, model: &network, written: time.Now(), warn: out.warn}
	opt.Hook = savedHook{opt.Hook, saved}
	if c.resume == "" {
		return saved, nil
	}
	var before settings
	if err := strictjson.Decode([]byte(source.Meta[metaSettings]), &before); err != nil {
		return nil, errors.Wrapf(err, "%s: %s", c.resume, metaSettings)
	}
	if found := s.differences(before); found != nil {
		return nil, usage(errors.Errorf("--resume %s: the training was another one: %s", c.resume, strings.Join(found, "; ")))
	}
	saved.from = &train.Checkpoint{}
	if err := strictjson.Decode([]byte(source.Meta[metaCheckpoint]), saved.from); err != nil {
		return nil, errors.Wrapf(err, "%s: %s", c.resume, metaCheckpoint)
	}
	saved.from.Tensors = source.State
	return saved, nil
}

// start is told of the trainer before its first step, and puts it where the
// checkpoint, if there is one to go on from, was taken.
func (c *checkpointer) start(t *train.Trainer) error {
	c.trainer = t
	if c.from == nil {
		return nil
	}
	return errors.Wrap(t.Restore(*c.from), "--resume")
}

// save writes a checkpoint. The one before stays until it is on disk. One that
// cannot be written, as on a full disk, is said once and does not end the
// training: what it learns would be lost with it. The next one is tried again.
func (c *checkpointer) save() error {
	if c.path == "" || c.trainer == nil {
		return nil
	}
	state, err := c.trainer.Checkpoint()
	if err != nil {
		return err
	}
	m := *c.model
	m.State, m.Meta = state.Tensors, map[string]string{}
	for key, v := range map[string]any{metaCheckpoint: state, metaSettings: c.settings} {
		text, err := json.Marshal(v)
		if err != nil {
			return errors.Wrap(err, "checkpoint")
		}
		m.Meta[key] = string(text)
	}
	c.written = time.Now()
	before := c.failed
	c.failed = weightfile.Write(c.path, &m)
	if c.failed != nil && before == nil {
		c.warn("--checkpoint: %v; the training goes on, and the next one will be tried", c.failed)
	}
	return nil
}

// lost returns an error if the latest checkpoint could not be written: the
// command has failed then, though the network is there.
func (c *checkpointer) lost() error {
	if c.failed == nil {
		return nil
	}
	return errCheckpoint{errors.Errorf("--checkpoint: %v; the network itself is written", c.failed)}
}

// afterStep and afterEpoch write a checkpoint when it is time.
func (c *checkpointer) afterStep(step int) error {
	i := c.interval
	if i.steps > 0 && step%i.steps == 0 || i.time > 0 && time.Since(c.written) >= i.time {
		return c.save()
	}
	return nil
}

func (c *checkpointer) afterEpoch(epoch int) error {
	if i := c.interval; i.epochs > 0 && epoch%i.epochs == 0 {
		return c.save()
	}
	return nil
}

// savedHook tells another hook, and writes checkpoints.
type savedHook struct {
	train.Hook
	checkpoints *checkpointer
}

func (h savedHook) Step(r train.StepReport) error {
	if err := h.Hook.Step(r); err != nil {
		return err
	}
	return h.checkpoints.afterStep(r.Step)
}

func (h savedHook) Epoch(r train.EpochReport) error {
	if err := h.Hook.Epoch(r); err != nil {
		return err
	}
	return h.checkpoints.afterEpoch(r.Epoch)
}

// readCheckpoint reads the model, with the weights to go on with, from a
// checkpoint.
func readCheckpoint(path string) (*model.Network, error) {
	m, err := weightfile.Read(path)
	if err != nil {
		return nil, err
	}
	if m.Meta[metaCheckpoint] == "" || m.Meta[metaSettings] == "" {
		return nil, errors.Errorf("%s: found a network without the state of a training, expected what --checkpoint writes", path)
	}
	return m, nil
}
