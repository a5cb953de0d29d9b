package hub

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

func TestParseConfig(t *testing.T) {
	imageNet := Config{Architecture: "resnet18", Classes: 1000, Input: [3]int{3, 224, 224}, Mean: []float64{0.485, 0.456, 0.406}, Std: []float64{0.229, 0.224, 0.225}, CropPct: 0.95, CropMode: "center", Interpolation: "bicubic"}
	small := Config{Architecture: "net", Classes: 2, Labels: []string{"cat", "dog"}, Input: [3]int{1, 28, 30}, Mean: []float64{0}, Std: []float64{1}, CropPct: 1, CropMode: "squash", Interpolation: "bilinear"}
	plain := imageNet
	plain.Classes, plain.CropPct = 0, 0.875
	for reason, test := range map[string]struct {
		text string
		want Config
	}{
		"timm's today": {`{"architecture": "resnet18", "num_classes": 1000, "num_features": 512, "pretrained_cfg": {"tag": "a1_in1k", "input_size": [3, 224, 224], "fixed_input_size": false,
			"interpolation": "bicubic", "crop_pct": 0.95, "crop_mode": "center", "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "num_classes": 1000, "pool_size": [7, 7], "classifier": "fc"}}`, imageNet},
		"labels":       {`{"architecture": "net", "num_classes": 2, "label_names": ["cat", "dog"], "pretrained_cfg": {"input_size": [1, 28, 30], "interpolation": "bilinear", "crop_pct": 1.0, "crop_mode": "squash", "mean": [0], "std": [1]}}`, small},
		"older, flat":  {`{"architecture": "net", "num_classes": 2, "labels": ["cat", "dog"], "input_size": [1, 28, 30], "interpolation": "bilinear", "crop_pct": 1.0, "crop_mode": "squash", "mean": [0], "std": [1]}`, small},
		"the defaults": {`{"architecture": "resnet18"}`, plain},
	} {
		got, err := ParseConfig([]byte(test.text))
		if err != nil || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: found %+v, %v, expected %+v", reason, got, err, test.want)
		}
	}
	for text, word := range map[string]string{
		"": "JSON", "[]": "JSON", "{}": "architecture", `{"architectures": ["ResNetForImageClassification"]}`: "transformers",
		`{"architecture": "a\nb"}`: "architecture", `{"architecture": "../x y"}`: "architecture",
		`{"architecture": "x", "pretrained_cfg": {"input_size": [3, 224]}}`:                 "input_size",
		`{"architecture": "x", "pretrained_cfg": {"input_size": [3, 0, 224]}}`:              "input_size",
		`{"architecture": "x", "pretrained_cfg": {"input_size": [3, 1000000, 224]}}`:        "input_size",
		`{"architecture": "x", "pretrained_cfg": {"input_size": [4, 24, 224]}}`:             "4 channels",
		`{"architecture": "x", "pretrained_cfg": {"mean": [0, 0], "std": [1, 1, 1]}}`:       "mean, std",
		`{"architecture": "x", "pretrained_cfg": {"std": [1, 0, 1]}}`:                       "channel 1",
		`{"architecture": "x", "pretrained_cfg": {"mean": [1e300, 0, 0]}}`:                  "channel 0",
		`{"architecture": "x", "pretrained_cfg": {"crop_pct": -0.5}}`:                       "crop_pct",
		`{"architecture": "x", "pretrained_cfg": {"crop_pct": 1.5}}`:                        "crop_pct",
		`{"architecture": "x", "pretrained_cfg": {"interpolation": "bi cubic"}}`:            "interpolation",
		`{"architecture": "x", "num_classes": -1}`:                                          "num_classes",
		`{"architecture": "x", "num_classes": 3, "label_names": ["a"]}`:                     "label_names",
		`{"architecture": "x", "num_classes": 3, "label_names": "` + strings.Repeat("x", 9): "JSON",
	} {
		if c, err := ParseConfig([]byte(text)); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), word) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: found %+v, %v, expected ErrConfig and a word of %q", text, c, err, word)
		}
	}
}

func TestReadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), ConfigFile)
	if err := os.WriteFile(path, []byte(`{"architecture": "resnet18"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if c, err := ReadConfig(path); err != nil || c.Architecture != "resnet18" {
		t.Errorf("found %+v, %v", c, err)
	}
	if _, err := ReadConfig(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("found %v, expected os.ErrNotExist", err)
	}
	if _, err := ReadConfig(filepath.Dir(path)); !errors.Is(err, ErrConfig) {
		t.Errorf("a folder: found %v, expected ErrConfig", err)
	}
}
