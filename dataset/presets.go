package dataset

import (
	"math"
	"strings"

	"github.com/pkg/errors"
)

// presets are the preprocessings that have a name, for images of which the longer side has so many
// pixels.
var presets = []struct {
	name string
	of   func(side int) Preprocessing
}{
	{"torchvision", func(side int) Preprocessing { return ImageNetPreprocessing(before(side), Bilinear) }},
	{"tf", func(side int) Preprocessing {
		return photoPreprocessing(1.0/255, Photo{Resize: before(side), Interpolation: Bilinear, Mean: PerChannel{0.5, 0.5, 0.5}, Std: PerChannel{0.5, 0.5, 0.5}})
	}},
	{"caffe", func(side int) Preprocessing {
		return photoPreprocessing(1, Photo{Resize: before(side), Interpolation: Bilinear, BGR: true, Mean: PerChannel{103.939, 116.779, 123.68}, Std: PerChannel{1, 1, 1}})
	}},
	{"mnist", func(int) Preprocessing { return MNISTPreprocessing() }},
}

// Presets returns the names that Preset knows.
func Presets() []string {
	names := make([]string, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// Preset returns the preprocessing of that name for images of a network, [C,H,W]. With v a byte of the
// photo, 0 to 255, they are:
//
//   - "torchvision": RGB, (v/255 - mean) / std with the means 0.485, 0.456, 0.406 and the standard
//     deviations 0.229, 0.224, 0.225 of ImageNet, as torchvision's, timm's and PyTorch's networks.
//   - "tf": RGB, v/127.5 - 1, as TensorFlow's MobileNet, Inception and networks of Keras with mode "tf".
//   - "caffe": BGR, v - mean with the means 103.939, 116.779, 123.68, as Caffe's VGG and ResNet, and
//     networks of Keras with mode "caffe".
//   - "mnist": drawings, light on dark, (v/255 - 0.1307) / 0.3081.
//
// The three of photos resize the shorter side to 8/7 of the longer side of the image, 256 for 224×224
// and 342 for 299×299, bilinear, and cut out the middle. A name that is none of these, or a shape that
// is not the preset's, is an ErrArgument.
func Preset(name string, shape []int) (Preprocessing, error) {
	for _, p := range presets {
		if p.name != name {
			continue
		}
		if len(shape) != 3 || min(shape[1], shape[2]) < 1 {
			return Preprocessing{}, errors.Wrapf(ErrArgument, "preprocessing %q: found images of %v, expected [channels height width]", name, shape)
		}
		prep := p.of(max(shape[1], shape[2]))
		if !prep.IsPhoto() && shape[0] != 1 {
			return Preprocessing{}, errors.Wrapf(ErrArgument, "preprocessing %q: found images of %v, expected grey ones, [1 height width]", name, shape)
		}
		for _, err := range []error{prep.Validate(), prep.CheckShape(shape)} {
			if err != nil {
				return Preprocessing{}, err
			}
		}
		return prep, nil
	}
	return Preprocessing{}, errors.Wrapf(ErrArgument, "preprocessing: found the name %.60q, expected one of %s", name, strings.Join(Presets(), ", "))
}

// before returns what the shorter side becomes before a middle of that side is cut out.
func before(side int) int { return int(math.Round(float64(side) * 8 / 7)) }

// ImageNetPreprocessing is the preset "torchvision" with another size of the shorter side, or another
// interpolation.
func ImageNetPreprocessing(resize int, interpolation string) Preprocessing {
	return photoPreprocessing(1.0/255, Photo{
		Resize: resize, Interpolation: interpolation, Mean: PerChannel{0.485, 0.456, 0.406}, Std: PerChannel{0.229, 0.224, 0.225},
	})
}

func photoPreprocessing(scale float64, photo Photo) Preprocessing {
	return Preprocessing{Scale: scale, Std: 1, Polarity: DarkOnLight, Photo: photo}
}
