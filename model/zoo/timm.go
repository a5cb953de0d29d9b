package zoo

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// timms are the networks that timm calls by another name than torchvision, by
// timm's name.
var timms = map[string]string{
	"mobilenetv2_100":       "mobilenet_v2",
	"mobilenetv3_large_100": "mobilenet_v3_large",
	"mobilenetv3_small_100": "mobilenet_v3_small",
}

// sameInTimm are the networks that timm calls as torchvision does. The others of
// Names are not in timm, or have other layers there.
var sameInTimm = []string{
	"densenet121", "densenet161", "densenet169", "densenet201",
	"efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b3", "efficientnet_b4",
	"resnet18", "resnet34", "resnet50", "resnet101", "resnet152",
	"resnext50_32x4d", "resnext101_32x8d", "wide_resnet50_2", "wide_resnet101_2",
	"vgg11", "vgg11_bn", "vgg13", "vgg13_bn", "vgg16", "vgg16_bn", "vgg19", "vgg19_bn",
}

// TimmNames returns the names that Timm takes, in alphabetical order.
func TimmNames() []string {
	return slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Keys(timms)), sameInTimm)))
}

// Timm is Spec for the weights of timm,
// https://github.com/huggingface/pytorch-image-models: name is one of TimmNames, or
// torchvision's name of such a network.
// The layers have the names that Spec gives them; the second result is timm's name
// of each layer that has weights and is called otherwise there: "conv_stem" for
// "features.0.0". Where timm has a convolution over the whole image in the place of
// a dense layer, its kernel is the dense layer's with more axes. Errors have
// ErrUnknown or model.ErrSpec as their cause.
func Timm(name string, classes, size int) (model.Spec, map[string]string, error) {
	ours, ok := timms[name]
	if !ok {
		ours, ok = name, slices.Contains(sameInTimm, name) || slices.Contains(slices.Collect(maps.Values(timms)), name)
	}
	if !ok {
		return model.Spec{}, nil, errors.Wrapf(ErrUnknown, "found %.100q, expected a network that timm has too, one of %s", name, strings.Join(TimmNames(), ", "))
	}
	spec, err := Spec(ours, classes, size)
	if err != nil {
		return model.Spec{}, nil, err
	}
	if strings.HasPrefix(ours, "mobilenet_v3") { // trained there with PyTorch's own eps
		for i, l := range spec.Layers {
			if _, ok := l.Kind.(model.BatchNorm); ok {
				spec.Layers[i].Kind = model.BatchNorm{Eps: 1e-5}
			}
		}
	}
	names, err := timmLayers(ours, spec)
	return spec, names, errors.WithMessage(err, name)
}

// timmLayers returns timm's names of layers, by ours.
func timmLayers(network string, spec model.Spec) (map[string]string, error) {
	if strings.HasPrefix(network, "vgg") {
		return map[string]string{"classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc"}, nil
	}
	head := []string{"conv_stem", "bn1", "conv_head", "bn2", "classifier"}
	var stages []int // blocks of each, where torchvision numbers them through
	switch network {
	case "mobilenet_v2":
		stages = []int{1, 2, 3, 4, 3, 3, 1}
	case "mobilenet_v3_large":
		stages = []int{1, 2, 3, 4, 2, 3}
		head = []string{"conv_stem", "bn1", "blocks.6.0.conv", "blocks.6.0.bn1", "conv_head", "classifier"}
	case "mobilenet_v3_small":
		stages = []int{1, 2, 3, 2, 3}
		head = []string{"conv_stem", "bn1", "blocks.5.0.conv", "blocks.5.0.bn1", "conv_head", "classifier"}
	default:
		if !strings.HasPrefix(network, "efficientnet") {
			return map[string]string{}, nil // the names are the same
		}
	}
	layers, err := weighted(spec)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for len(layers) > 0 {
		block, ok := blockOf(layers[0])
		if !ok {
			names[layers[0]] = head[0]
			layers, head = layers[1:], head[1:]
			continue
		}
		end := slices.IndexFunc(layers, func(l string) bool { other, _ := blockOf(l); return other != block })
		for i, name := range timmBlock(layers[:end]) {
			names[layers[i]] = timmStage(block, stages) + "." + name
		}
		layers = layers[end:]
	}
	return names, nil
}

// weighted returns the names of the layers that have weights, in their order.
func weighted(spec model.Spec) ([]string, error) {
	parameters, err := spec.Parameters()
	var layers []string
	for _, p := range parameters {
		layers = append(layers, p.Layer)
	}
	return slices.Compact(layers), err
}

// blockOf returns the block that a layer of a MobileNet or an EfficientNet is in:
// "features.1.0" of "features.1.0.block.2.0".
func blockOf(layer string) (string, bool) {
	for _, part := range []string{".block.", ".conv."} {
		if block, _, ok := strings.Cut(layer, part); ok {
			return block, true
		}
	}
	return "", false
}

// timmStage returns timm's name of a block, which it counts within stages:
// features.STAGE.BLOCK, or features.BLOCK where there are stages to count it in.
func timmStage(block string, stages []int) string {
	var stage, i int
	if stages == nil {
		_, _ = fmt.Sscanf(block, "features.%d.%d", &stage, &i) // ours has both
		return fmt.Sprintf("blocks.%d.%d", stage-1, i)
	}
	_, _ = fmt.Sscanf(block, "features.%d", &i)
	for i--; i >= stages[stage]; stage++ {
		i -= stages[stage]
	}
	return fmt.Sprintf("blocks.%d.%d", stage, i)
}

// timmBlock returns timm's names of the layers with weights in a block. All blocks
// but the first widen the image before the depthwise convolution; the gate comes
// after it.
func timmBlock(layers []string) []string {
	gate := slices.IndexFunc(layers, func(l string) bool { return strings.HasSuffix(l, ".fc1") })
	names := []string{"conv_pw", "bn1", "conv_dw", "bn2", "conv_pwl", "bn3"}
	if len(layers) == 4 || gate == 2 {
		names = []string{"conv_dw", "bn1", "conv_pw", "bn2"}
	}
	if gate >= 0 {
		names = slices.Insert(names, gate, "se.conv_reduce", "se.conv_expand")
	}
	return names
}
