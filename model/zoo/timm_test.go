package zoo_test

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
)

// timmTensors are the number of tensors in the state dictionary of timm 1.0, with
// ten classes and without num_batches_tracked, and the beginning of the SHA-256 of
// its lines "NAME [SHAPE]", sorted.
var timmTensors = map[string]struct {
	tensors int
	sum     string
}{
	"mobilenetv3_small_100": {210, "6a0d27693bb89a92"}, "mobilenetv3_large_100": {266, "2f9fa460f145fecb"}, "mobilenetv2_100": {262, "facc7bcb92caa7c9"},
	"densenet121": {606, "d04bbc130492dd22"}, "densenet161": {806, "dbad6f7711092154"}, "densenet169": {846, "3a16263788497bbc"}, "densenet201": {1006, "7ced5c8bb7005cb2"},
	"efficientnet_b0": {311, "7f60b665e2a72521"}, "efficientnet_b1": {439, "2fbd669d49948895"}, "efficientnet_b2": {439, "54507be6d2286023"},
	"efficientnet_b3": {496, "e6a966f5952fa3f6"}, "efficientnet_b4": {610, "6fdd320b43f6238b"},
	"resnet18": {102, "ec318f9abfb2c590"}, "resnet34": {182, "603bbabc03c43a0d"}, "resnet50": {267, "aa761eb04d7a45b0"},
	"resnet101": {522, "1a89bf71862f5675"}, "resnet152": {777, "42e0fcccc758d5d0"},
	"resnext50_32x4d": {267, "d69f221b8b537da0"}, "resnext101_32x8d": {522, "f9b420455597bf3c"},
	"wide_resnet50_2": {267, "ab7ffd67f8cfa6f3"}, "wide_resnet101_2": {522, "bbb3deb5038e92cf"},
	"vgg11": {22, "e46b2fc585b6f12e"}, "vgg11_bn": {54, "c0cc66834dea45e1"}, "vgg13": {26, "0fc7742acd474ebb"}, "vgg13_bn": {66, "3579e829432b9abd"},
	"vgg16": {32, "a6ba6262c7272ef4"}, "vgg16_bn": {84, "9857281f57047975"}, "vgg19": {38, "bc7238810aba499f"}, "vgg19_bn": {102, "e31ce9653df72186"},
}

// TestTimm holds the names and shapes of each network's weights to timm's.
func TestTimm(t *testing.T) {
	for _, name := range zoo.TimmNames() {
		spec, layers, err := zoo.Timm(name, 10, 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		lines := timmLines(t, spec, layers)
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, ""))))[:16]
		if want, ok := timmTensors[name]; !ok || len(lines) != want.tensors || sum != want.sum {
			t.Errorf("%s: found %d tensors, %s, expected %v:\n%s", name, len(lines), sum, want, strings.Join(lines, ""))
		}
	}
	if len(timmTensors) != len(zoo.TimmNames()) {
		t.Errorf("found %d networks, expected %d", len(zoo.TimmNames()), len(timmTensors))
	}
}

// timmLines returns a sorted line for each tensor of the state dictionary.
func timmLines(t *testing.T, spec model.Spec, layers map[string]string) []string {
	parameters, err := spec.Parameters()
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{"W": "weight", "b": "bias", "scale": "weight", "bias": "bias", "mean": "running_mean", "variance": "running_var"}
	var lines []string
	for _, p := range parameters {
		layer, shape := cmp.Or(layers[p.Layer], p.Layer), slices.Clone(p.Shape)
		if len(shape) == 2 {
			slices.Reverse(shape)
		}
		switch { // convolutions there, over an image of 7×7 or 1×1
		case p.Part == "W" && layer == "pre_logits.fc1":
			shape = []int{shape[0], shape[1] / 49, 7, 7}
		case p.Part == "W" && (layer == "pre_logits.fc2" || layer == "conv_head" && len(shape) == 2):
			shape = append(shape, 1, 1)
		}
		lines = append(lines, fmt.Sprintf("%s.%s %v\n", layer, parts[p.Part], shape))
	}
	slices.Sort(lines)
	return lines
}

// The normalisations of MobileNet V3 have other constants in timm, and nothing
// else differs but names.
func TestTimmEps(t *testing.T) {
	for name, eps := range map[string]float64{"mobilenetv3_small_100": 1e-5, "mobilenet_v3_large": 1e-5, "efficientnet_b0": 1e-5} {
		spec, _, err := zoo.Timm(name, 10, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range spec.Layers {
			if norm, ok := l.Kind.(model.BatchNorm); ok && norm.Eps != eps {
				t.Errorf("%s: %s: found eps %g, expected %g", name, l.Name, norm.Eps, eps)
			}
		}
	}
	if _, _, err := zoo.Timm("squeezenet1_1", 10, 0); !errors.Is(err, zoo.ErrUnknown) {
		t.Errorf("found error %v, expected ErrUnknown", err)
	}
}
