package hub

import (
	"encoding/json"
	"math"
	"os"
	"regexp"

	"github.com/pkg/errors"
)

// ConfigFile is the file of a timm repository that ReadConfig reads.
const ConfigFile = "config.json"

// Config is what timm writes of a network beside its weights:
// https://github.com/huggingface/pytorch-image-models.
type Config struct {
	Architecture string // timm's name: "resnet18"
	Classes      int
	Labels       []string // output index to label; nil where the file has none
	// Input is channels, height and width of the images that the network takes.
	Input [3]int
	// Mean and Std are of each channel, of values from 0 to 1.
	Mean, Std []float64
	// CropPct is the part of a resized image's side that is kept, 0 to 1.
	CropPct       float64
	CropMode      string // "center", "squash" or "border"
	Interpolation string // "bilinear", "bicubic", ...
}

// Bounds on what a configuration may say.
const (
	maxConfig  = 16 << 20 // bytes; 21,843 labels take 1 MB
	maxClasses = 1_000_000
	maxSide    = 16_384
)

// ReadConfig reads a configuration that Fetch has brought. The error's cause is
// ErrConfig or one of the operating system.
func ReadConfig(path string) (Config, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Config{}, errors.WithStack(err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxConfig {
		return Config{}, errors.Wrapf(ErrConfig, "%s: expected a file of at most %d bytes", path, maxConfig)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, errors.WithStack(err)
	}
	c, err := ParseConfig(text)
	return c, errors.Wrap(err, path)
}

// inputConfig is the part of the file about images. Older files have it at the
// top.
type inputConfig struct {
	Input         []int     `json:"input_size"`
	Mean          []float64 `json:"mean"`
	Std           []float64 `json:"std"`
	CropPct       float64   `json:"crop_pct"`
	CropMode      string    `json:"crop_mode"`
	Interpolation string    `json:"interpolation"`
	Classes       int       `json:"num_classes"`
}

// ParseConfig reads the text of a timm config.json. What it leaves out that
// timm has a default for, has that default. The error's cause is ErrConfig.
func ParseConfig(text []byte) (Config, error) {
	var top struct {
		Architecture string       `json:"architecture"`
		Transformers []string     `json:"architectures"`
		Classes      *int         `json:"num_classes"`
		Labels       []string     `json:"label_names"`
		OldLabels    []string     `json:"labels"`
		Pretrained   *inputConfig `json:"pretrained_cfg"`
		inputConfig
	}
	if err := json.Unmarshal(text, &top); err != nil {
		return Config{}, errors.Wrapf(ErrConfig, "JSON: %v", err)
	}
	if top.Architecture == "" {
		if len(top.Transformers) > 0 {
			return Config{}, errors.Wrapf(ErrConfig, "found a network of the library transformers (%.60q), expected one of timm", top.Transformers[0])
		}
		return Config{}, errors.Wrap(ErrConfig, "architecture: found none, expected timm's name of the network")
	}
	in := top.Pretrained
	if in == nil {
		in = &top.inputConfig
	}
	c := Config{
		Architecture: top.Architecture, Classes: in.Classes, Labels: top.Labels,
		Mean: in.Mean, Std: in.Std, CropPct: in.CropPct, CropMode: in.CropMode, Interpolation: in.Interpolation,
	}
	if top.Classes != nil {
		c.Classes = *top.Classes
	}
	if c.Labels == nil {
		c.Labels = top.OldLabels
	}
	if in.Input == nil {
		in.Input = []int{3, 224, 224}
	}
	if len(in.Input) != len(c.Input) {
		return Config{}, errors.Wrapf(ErrConfig, "input_size: found %d numbers, expected channels, height and width", len(in.Input))
	}
	copy(c.Input[:], in.Input)
	c.fill()
	return c, c.check()
}

// fill puts in timm's defaults.
func (c *Config) fill() {
	if c.Mean == nil {
		c.Mean = []float64{0.485, 0.456, 0.406}
	}
	if c.Std == nil {
		c.Std = []float64{0.229, 0.224, 0.225}
	}
	if c.CropPct == 0 {
		c.CropPct = 0.875
	}
	if c.CropMode == "" {
		c.CropMode = "center"
	}
	if c.Interpolation == "" {
		c.Interpolation = "bicubic"
	}
}

var isWord = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`).MatchString

func (c *Config) check() error {
	for i, side := range c.Input {
		if side < 1 || side > maxSide {
			return errors.Wrapf(ErrConfig, "input_size: number %d: found %d, expected 1 to %d", i, side, maxSide)
		}
	}
	for field, word := range map[string]string{"architecture": c.Architecture, "crop_mode": c.CropMode, "interpolation": c.Interpolation} {
		if !isWord(word) {
			return errors.Wrapf(ErrConfig, "%s: found %.60q, expected a word", field, word)
		}
	}
	if len(c.Mean) != c.Input[0] || len(c.Std) != c.Input[0] {
		return errors.Wrapf(ErrConfig, "mean, std: found %d and %d numbers, expected one for each of %d channels", len(c.Mean), len(c.Std), c.Input[0])
	}
	for i := range c.Mean {
		if math.Abs(c.Mean[i]) > 1e6 || !(c.Std[i] > 0 && c.Std[i] <= 1e6) {
			return errors.Wrapf(ErrConfig, "mean, std: channel %d: found %v and %v, expected a number and one above 0", i, c.Mean[i], c.Std[i])
		}
	}
	if !(c.CropPct > 0 && c.CropPct <= 1) {
		return errors.Wrapf(ErrConfig, "crop_pct: found %v, expected above 0 and at most 1", c.CropPct)
	}
	if c.Classes < 0 || c.Classes > maxClasses {
		return errors.Wrapf(ErrConfig, "num_classes: found %d, expected 0 to %d", c.Classes, maxClasses)
	}
	if c.Labels != nil && len(c.Labels) != c.Classes {
		return errors.Wrapf(ErrConfig, "label_names: found %d, expected one for each of %d classes", len(c.Labels), c.Classes)
	}
	return nil
}
