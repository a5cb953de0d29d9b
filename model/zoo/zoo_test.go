package zoo_test

import (
	"errors"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
)

// published are the numbers of trained parameters in torchvision's documentation,
// for 1,000 classes. Statistics of normalisations are not counted, nor the second
// classifiers of googlenet and inception_v3.
var published = map[string]int{
	"alexnet": 61_100_840, "densenet121": 7_978_856, "densenet161": 28_681_000, "densenet169": 14_149_480, "densenet201": 20_013_928,
	"efficientnet_b0": 5_288_548, "efficientnet_b1": 7_794_184, "efficientnet_b2": 9_109_994, "efficientnet_b3": 12_233_232, "efficientnet_b4": 19_341_616,
	"efficientnet_v2_s": 21_458_488, "efficientnet_v2_m": 54_139_356, "efficientnet_v2_l": 118_515_272,
	"googlenet": 6_624_904, "inception_v3": 23_834_568, "mnasnet0_5": 2_218_512, "mnasnet1_0": 4_383_312,
	"mobilenet_v2": 3_504_872, "mobilenet_v3_large": 5_483_032, "mobilenet_v3_small": 2_542_856,
	"resnet18": 11_689_512, "resnet34": 21_797_672, "resnet50": 25_557_032, "resnet101": 44_549_160, "resnet152": 60_192_808,
	"resnext50_32x4d": 25_028_904, "resnext101_32x8d": 88_791_336, "wide_resnet50_2": 68_883_240, "wide_resnet101_2": 126_886_696,
	"shufflenet_v2_x0_5": 1_366_792, "shufflenet_v2_x1_0": 2_278_604, "squeezenet1_0": 1_248_424, "squeezenet1_1": 1_235_496,
	"vgg11": 132_863_336, "vgg11_bn": 132_868_840, "vgg13": 133_047_848, "vgg13_bn": 133_053_736, "vgg16": 138_357_544, "vgg16_bn": 138_365_992, "vgg19": 143_667_240, "vgg19_bn": 143_678_248,
}

// TestParameters holds each network to the published number of parameters.
func TestParameters(t *testing.T) {
	for _, name := range zoo.Names() {
		spec, err := zoo.Spec(name, 1000, 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		parameters, err := spec.Parameters()
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		for _, p := range parameters {
			if p.Fixed {
				continue
			}
			n := 1
			for _, side := range p.Shape {
				n *= side
			}
			count += n
		}
		if want, ok := published[name]; !ok || count != want {
			t.Errorf("%s: found %d parameters, expected %d", name, count, want)
		}
	}
	if len(published) != len(zoo.Names()) {
		t.Errorf("found %d networks, expected %d", len(zoo.Names()), len(published))
	}
}

func TestSizes(t *testing.T) {
	for name, sizes := range map[string][2][]int{ // that work, and that do not
		"resnet18":     {{32, 64, 100, 256}, {0 - 1}},
		"mobilenet_v2": {{96, 160}, nil},
		"vgg11":        {{448, 32 * 14}, {32, 256}},
	} {
		for i, list := range sizes {
			for _, size := range list {
				if _, err := zoo.Spec(name, 10, size); (err == nil) != (i == 0) || err != nil && !errors.Is(err, model.ErrSpec) {
					t.Errorf("%s of %d: found error %v", name, size, err)
				}
			}
		}
	}
	if _, err := zoo.Spec("resnet19", 10, 0); !errors.Is(err, zoo.ErrUnknown) {
		t.Errorf("found error %v, expected ErrUnknown", err)
	}
}
