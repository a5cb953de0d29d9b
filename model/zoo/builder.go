package zoo

import (
	"fmt"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// builder collects the layers of a network, from input to logits. Each method
// adds what it is called after, on top of the layer that was added last; branch
// goes back to an earlier one.
type builder struct {
	spec    model.Spec
	classes int
	eps     float64 // of every batch normalisation
	top     string  // the layer that the next one takes
	err     error   // the first
}

// add adds a layer that takes inputs, or the top.
func (b *builder) add(name string, kind model.Kind, inputs ...string) {
	if len(inputs) == 0 {
		inputs = []string{b.top}
	}
	if n := len(b.spec.Layers); len(inputs) == 1 && n > 0 && b.spec.Layers[n-1].Name == inputs[0] || n == 0 {
		inputs = nil // the layer before: the default
	}
	b.spec.Layers = append(b.spec.Layers, model.Layer{Name: name, Kind: kind, Inputs: inputs})
	b.top = name
}

// branch makes an earlier layer the top.
func (b *builder) branch(layer string) { b.top = layer }

// conv adds a convolution without bias and with a square kernel, padded so that
// it keeps an image's size when its stride is 1.
func (b *builder) conv(name string, out, kernel, stride int) {
	b.grouped(name, out, kernel, stride, 0)
}

// grouped is conv in groups of channels that do not mix; 0 is one group.
func (b *builder) grouped(name string, out, kernel, stride, groups int) {
	b.add(name, model.Conv{Out: out, Kernel: model.Sides{kernel}, Stride: model.Sides{stride}, Pad: model.Sides{kernel / 2}, Groups: groups, NoBias: true})
}

// biased adds a convolution with a bias.
func (b *builder) biased(name string, out, kernel, stride, pad int) {
	b.add(name, model.Conv{Out: out, Kernel: model.Sides{kernel}, Stride: model.Sides{stride}, Pad: model.Sides{pad}})
}

func (b *builder) norm(name string) { b.add(name, model.BatchNorm{Eps: b.eps}) }

func (b *builder) relu(name string) { b.add(name, model.ReLU{}) }

// maxpool adds a pooling that drops what is left over at the edges.
func (b *builder) maxpool(name string, kernel, stride, pad int) {
	b.add(name, model.MaxPool{Kernel: model.Sides{kernel}, Stride: model.Sides{stride}, Pad: model.Sides{pad}})
}

// maxpoolCeil adds a pooling that takes what is left over at the edges too.
func (b *builder) maxpoolCeil(name string, kernel, stride int) {
	b.add(name, model.MaxPool{Kernel: model.Sides{kernel}, Stride: model.Sides{stride}, Ceil: true})
}

// convNorm adds what torchvision calls Conv2dNormActivation: name.0 is the
// convolution, in groups, name.1 its normalisation, name.2 the activation, if
// there is one.
func (b *builder) convNorm(name string, out, kernel, stride, groups int, activation model.Kind) {
	b.grouped(name+".0", out, kernel, stride, groups)
	b.norm(name + ".1")
	if activation != nil {
		b.add(name+".2", activation)
	}
}

// squeezeExcite adds a gate for each channel, computed from the means of all of
// them (Hu et al. 2017, https://arxiv.org/abs/1709.01507).
func (b *builder) squeezeExcite(name string, channels, squeezed int, activation, gate model.Kind) {
	x := b.top
	b.add(name+".avgpool", model.GlobalAveragePool{})
	b.biased(name+".fc1", squeezed, 1, 1, 0)
	b.add(name+".activation", activation)
	b.biased(name+".fc2", channels, 1, 1, 0)
	b.add(name+".scale_activation", gate)
	b.add(name+".mul", model.Multiply{}, x, b.top)
}

// pooled adds the mean of each channel, as a vector.
func (b *builder) pooled() {
	b.add("avgpool", model.GlobalAveragePool{}) // [C,1,1]
	b.add("flatten", model.Flatten{})           // [C]
}

// pooledTo adds the means of n×n windows that tile the image: nothing where it
// is n×n already, as with images of the published size.
func (b *builder) pooledTo(n int) {
	below := b.spec.Clone()
	below.Layers = append(below.Layers, model.Layer{Name: "end", Kind: model.Flatten{}})
	shapes, err := below.Shapes()
	if err != nil {
		b.err = err
		return
	}
	image := shapes[len(shapes)-2] // [C,H,W]
	if image[1] == n && image[2] == n {
		return
	}
	if image[1]%n != 0 || image[2]%n != 0 {
		b.err = errors.Wrapf(model.ErrSpec, "found %v before the dense layers, expected sides that are multiples of %d: take another size of images", image, n)
		return
	}
	tile := model.Sides{image[1] / n, image[2] / n}
	b.add("avgpool", model.AveragePool{Kernel: tile, Stride: tile})
}

func (b *builder) dropout(name string, rate float64) { b.add(name, model.Dropout{Rate: rate}) }

func (b *builder) dense(name string, out int) { b.add(name, model.Dense{Out: out}) }

// numbered returns the layer's name within a stage: layer1.0, layer1.1.
func numbered(stage string, i int) string { return fmt.Sprintf("%s.%d", stage, i) }

// divisible rounds a number of channels to a multiple of divisor, but never down
// by more than a tenth, as the MobileNets do.
func divisible(channels float64, divisor int) int {
	n := max(divisor, int(channels+float64(divisor)/2)/divisor*divisor)
	if float64(n) < 0.9*channels {
		n += divisor
	}
	return n
}
