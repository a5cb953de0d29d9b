package model

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"

	"github.com/lastlayer/lastlayer/internal/strictjson"
	"github.com/pkg/errors"
)

// ErrSpec is the cause of every error about a Spec that does not describe a
// network.
var ErrSpec = errors.New("invalid network spec")

// Kind says what a layer does.
type Kind string

// The layers a Spec may hold.
const (
	Conv    Kind = "conv"    // 2-D convolution (cross-correlation) with bias
	ReLU    Kind = "relu"    // max(0, x)
	MaxPool Kind = "maxpool" // largest value of each window, no padding
	Dense   Kind = "dense"   // fully connected with bias; flattens its input row-major
	Dropout Kind = "dropout" // zeroes with probability Rate in training, scales the rest by 1/(1-Rate)
)

// Layer is one step of a network. Fields that its Kind does not use are zero.
type Layer struct {
	Name   string  `json:"name"`
	Kind   Kind    `json:"kind"`
	Out    int     `json:"out,omitempty"`    // conv: output channels; dense: output units
	Kernel int     `json:"kernel,omitempty"` // conv, maxpool: side of the square window
	Stride int     `json:"stride,omitempty"` // conv, maxpool
	Pad    int     `json:"pad,omitempty"`    // conv: zeros added on each side
	Rate   float64 `json:"rate,omitempty"`   // dropout: probability of zero, in [0,1)
}

// HasWeights reports whether the layer has parameters, named Name+"/W" and
// Name+"/b".
func (l Layer) HasWeights() bool { return l.Kind == Conv || l.Kind == Dense }

// Spec is a network as data: the shape of one input and a chain of layers,
// from input to logits. It marshals to JSON and travels with the weights.
type Spec struct {
	Input  []int   `json:"input"` // [C,H,W], or [F] for a network of dense layers
	Layers []Layer `json:"layers"`
}

// Seed returns the MNIST network of the question: two 5×5 convolutions with
// ReLU and 2×2 pooling, a dense layer of 1024 with ReLU and dropout, and ten
// logits.
func Seed() Spec {
	return Spec{
		Input: []int{1, 28, 28},
		Layers: []Layer{
			{Name: "conv1", Kind: Conv, Out: 32, Kernel: 5, Stride: 1, Pad: 2}, // [32,28,28]
			{Name: "relu1", Kind: ReLU},
			{Name: "pool1", Kind: MaxPool, Kernel: 2, Stride: 2},               // [32,14,14]
			{Name: "conv2", Kind: Conv, Out: 64, Kernel: 5, Stride: 1, Pad: 2}, // [64,14,14]
			{Name: "relu2", Kind: ReLU},
			{Name: "pool2", Kind: MaxPool, Kernel: 2, Stride: 2}, // [64,7,7]
			{Name: "fc1", Kind: Dense, Out: 1024},                // [1024]
			{Name: "relu3", Kind: ReLU},
			{Name: "drop", Kind: Dropout, Rate: 0.5},
			{Name: "fc2", Kind: Dense, Out: 10}, // [10]
		},
	}
}

// WithClasses returns the same network with its last dense layer giving n
// logits.
func (s Spec) WithClasses(n int) Spec {
	layers := append([]Layer(nil), s.Layers...)
	for i := len(layers) - 1; i >= 0; i-- {
		if layers[i].Kind == Dense {
			layers[i].Out = n
			break
		}
	}
	return Spec{Input: append([]int(nil), s.Input...), Layers: layers}
}

// Classes returns the number of logits, the outputs of the last dense layer.
func (s Spec) Classes() int {
	for i := len(s.Layers) - 1; i >= 0; i-- {
		if s.Layers[i].Kind == Dense {
			return s.Layers[i].Out
		}
	}
	return 0
}

// Weighted returns the layers that have weights, from input to output.
func (s Spec) Weighted() []Layer {
	var layers []Layer
	for _, l := range s.Layers {
		if l.HasWeights() {
			layers = append(layers, l)
		}
	}
	return layers
}

// Equal reports whether two specs describe the same network.
func (s Spec) Equal(o Spec) bool {
	a, errA := json.Marshal(s)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// ParseSpec reads a Spec from JSON and validates it. Unknown fields are
// errors: a misspelt "strid" must not become a default.
func ParseSpec(data []byte) (Spec, error) {
	var s Spec
	if err := strictjson.Decode(data, &s); err != nil {
		return Spec{}, errors.Wrap(ErrSpec, err.Error())
	}
	return s, s.Validate()
}

// Bounds on what a spec from a file may ask for.
const (
	maxLayers     = 1000
	maxActivation = 1 << 26 // numbers in one layer's output for one example
	maxParameters = 1 << 28 // numbers in all weights together: 1 GiB
)

var layerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,63}$`)

// reserved are the names of the graph's inputs and of its loss.
var reserved = map[string]bool{"images": true, "labels": true, "loss": true}

// Validate returns nil when the spec describes a network that can be built,
// otherwise an error that names the layer; its cause is ErrSpec.
func (s Spec) Validate() error {
	_, err := s.Shapes()
	return err
}

// Shapes returns the output shape of each layer for one example: [C,H,W], or
// [F] from the first dense layer on. It returns the error of Validate.
func (s Spec) Shapes() ([][]int, error) {
	if len(s.Input) != 1 && len(s.Input) != 3 {
		return nil, errors.Wrapf(ErrSpec, "input: found shape %v, expected [C,H,W] or [F]", s.Input)
	}
	if _, ok := sizeWithin(s.Input, maxActivation); !ok {
		return nil, errors.Wrapf(ErrSpec, "input: found shape %v, expected sides from 1 and at most %d numbers", s.Input, maxActivation)
	}
	if len(s.Layers) > maxLayers {
		return nil, errors.Wrapf(ErrSpec, "layers: found %d, expected at most %d", len(s.Layers), maxLayers)
	}
	shape := s.Input
	shapes := make([][]int, 0, len(s.Layers))
	seen := map[string]bool{}
	parameters, lastDense := 0, -1
	for i, l := range s.Layers {
		if !layerName.MatchString(l.Name) {
			return nil, errors.Wrapf(ErrSpec, "layer %d: found name %q, expected a letter, then up to 63 letters, digits, '_', '.' or '-'", i, l.Name)
		}
		if reserved[l.Name] {
			return nil, errors.Wrapf(ErrSpec, "layer %d: found name %q, which a node of the graph that is no layer has", i, l.Name)
		}
		if seen[l.Name] {
			return nil, errors.Wrapf(ErrSpec, "layer %q: found the name twice", l.Name)
		}
		seen[l.Name] = true
		out, err := l.output(shape)
		if err != nil {
			return nil, errors.Wrapf(ErrSpec, "layer %q (%s): %v", l.Name, l.Kind, err)
		}
		if _, ok := sizeWithin(out, maxActivation); !ok {
			return nil, errors.Wrapf(ErrSpec, "layer %q (%s): output %v has more than %d numbers", l.Name, l.Kind, out, maxActivation)
		}
		if l.HasWeights() {
			kernel, ok := sizeWithin(l.kernelShape(shape), maxParameters)
			if parameters += kernel + l.Out; !ok || parameters > maxParameters {
				return nil, errors.Wrapf(ErrSpec, "layer %q (%s): the weights up to here have more than %d numbers", l.Name, l.Kind, maxParameters)
			}
		}
		if l.Kind == Dense {
			lastDense = i
		}
		shapes, shape = append(shapes, out), out
	}
	if lastDense < 0 || lastDense != len(s.Layers)-1 {
		return nil, errors.Wrap(ErrSpec, "the last layer must be dense: its outputs are the logits")
	}
	return shapes, nil
}

// output returns the layer's output shape for one example of the given shape.
func (l Layer) output(in []int) ([]int, error) {
	if err := l.unusedFields(); err != nil {
		return nil, err
	}
	switch l.Kind {
	case Conv:
		if len(in) != 3 {
			return nil, errors.Errorf("found input %v, expected [C,H,W]", in)
		}
		if l.Out < 1 || l.Kernel < 1 || l.Stride < 1 || l.Pad < 0 || l.Pad >= l.Kernel {
			return nil, errors.Errorf("found out %d, kernel %d, stride %d, pad %d; expected out, kernel, stride from 1 and pad from 0 below kernel", l.Out, l.Kernel, l.Stride, l.Pad)
		}
		h, w, err := l.window(in[1]+2*l.Pad, in[2]+2*l.Pad)
		return []int{l.Out, h, w}, err
	case MaxPool:
		if len(in) != 3 {
			return nil, errors.Errorf("found input %v, expected [C,H,W]", in)
		}
		if l.Kernel < 1 || l.Kernel > 15 || l.Stride < 1 {
			return nil, errors.Errorf("found kernel %d, stride %d; expected kernel 1 to 15 and stride from 1", l.Kernel, l.Stride)
		}
		h, w, err := l.window(in[1], in[2])
		return []int{in[0], h, w}, err
	case Dense:
		if l.Out < 1 {
			return nil, errors.Errorf("found out %d, expected from 1", l.Out)
		}
		return []int{l.Out}, nil
	case ReLU:
		return in, nil
	case Dropout:
		if !(l.Rate >= 0 && l.Rate < 1) {
			return nil, errors.Errorf("found rate %v, expected from 0 up to, not including, 1", l.Rate)
		}
		return in, nil
	}
	return nil, errors.Errorf("found kind %q, expected %s, %s, %s, %s or %s", l.Kind, Conv, ReLU, MaxPool, Dense, Dropout)
}

// window returns how many positions a Kernel×Kernel window takes on an h×w
// plane.
func (l Layer) window(h, w int) (int, int, error) {
	if l.Kernel > h || l.Kernel > w {
		return 0, 0, errors.Errorf("found kernel %d on a padded input of %d×%d, expected it to fit", l.Kernel, h, w)
	}
	return (h-l.Kernel)/l.Stride + 1, (w-l.Kernel)/l.Stride + 1, nil
}

// unusedFields refuses a field that the layer's kind does not read.
func (l Layer) unusedFields() error {
	used, known := map[Kind]string{Conv: "out kernel stride pad", MaxPool: "kernel stride", Dense: "out", Dropout: "rate", ReLU: ""}[l.Kind]
	if !known {
		return nil // output refuses the kind
	}
	for _, f := range []struct {
		name string
		set  bool
	}{{"out", l.Out != 0}, {"kernel", l.Kernel != 0}, {"stride", l.Stride != 0}, {"pad", l.Pad != 0}, {"rate", l.Rate != 0}} {
		if f.set && !bytes.Contains([]byte(used), []byte(f.name)) {
			return errors.Errorf("found field %q, which this kind of layer does not have", f.name)
		}
	}
	return nil
}

// kernelShape returns the shape of the layer's W: [out,in,kh,kw] or [in,out].
func (l Layer) kernelShape(in []int) []int {
	if l.Kind == Conv {
		return []int{l.Out, in[0], l.Kernel, l.Kernel}
	}
	return []int{size(in), l.Out}
}

// size returns the product of the sides of a shape that Shapes has accepted.
func size(shape []int) int {
	n := 1
	for _, side := range shape {
		n *= side
	}
	return n
}

// sizeWithin returns the product of the sides, and whether each is at least 1
// and the product, which cannot overflow here, at most limit.
func sizeWithin(shape []int, limit int) (int, bool) {
	n := 1
	for _, side := range shape {
		if side < 1 || side > limit || n > math.MaxInt/side || n*side > limit {
			return 0, false
		}
		n *= side
	}
	return n, true
}
