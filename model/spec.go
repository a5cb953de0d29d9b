package model

import (
	"bytes"
	"encoding/json"

	"github.com/lastlayer/lastlayer/internal/strictjson"
	"github.com/pkg/errors"
)

// ErrSpec is the cause of every error about a Spec that does not describe a
// network.
var ErrSpec = errors.New("invalid network spec")

// Spec is a network as data: the shape of one input and its layers, each after
// those it takes, from input to logits. It marshals to JSON and travels with
// the weights.
type Spec struct {
	Input  []int   `json:"input"` // [C,H,W], or [F] for a network of dense layers
	Layers []Layer `json:"layers"`
}

// DeepMNIST returns the network of the tutorial "Deep MNIST for Experts", with
// which this project began: two 5×5 convolutions with ReLU and 2×2 pooling, a
// dense layer of 1024 with ReLU and dropout, and ten logits.
func DeepMNIST() Spec {
	return Spec{
		Input: []int{1, 28, 28},
		Layers: []Layer{
			{Name: "conv1", Kind: Conv{Out: 32, Kernel: Sides{5}, Stride: Sides{1}, Pad: Sides{2}}}, // [32,28,28]
			{Name: "relu1", Kind: ReLU{}},
			{Name: "pool1", Kind: MaxPool{Kernel: Sides{2}, Stride: Sides{2}}},                      // [32,14,14]
			{Name: "conv2", Kind: Conv{Out: 64, Kernel: Sides{5}, Stride: Sides{1}, Pad: Sides{2}}}, // [64,14,14]
			{Name: "relu2", Kind: ReLU{}},
			{Name: "pool2", Kind: MaxPool{Kernel: Sides{2}, Stride: Sides{2}}}, // [64,7,7]
			{Name: "fc1", Kind: Dense{Out: 1024}},                              // [1024]
			{Name: "relu3", Kind: ReLU{}},
			{Name: "drop", Kind: Dropout{Rate: 0.5}},
			{Name: "fc2", Kind: Dense{Out: 10}}, // [10]
		},
	}
}

// Clone returns a copy that shares no memory with s.
func (s Spec) Clone() Spec {
	c := Spec{Input: append([]int(nil), s.Input...), Layers: append([]Layer(nil), s.Layers...)}
	for i, l := range c.Layers {
		c.Layers[i].Inputs = append([]string(nil), l.Inputs...)
	}
	return c
}

// Layer returns the layer of that name, and whether there is one.
func (s Spec) Layer(name string) (Layer, bool) {
	for _, l := range s.Layers {
		if l.Name == name {
			return l, true
		}
	}
	return Layer{}, false
}

// InputsOf returns the names of the layers that layer i takes, or Images.
func (s Spec) InputsOf(i int) []string {
	switch {
	case len(s.Layers[i].Inputs) > 0:
		return append([]string(nil), s.Layers[i].Inputs...)
	case i == 0:
		return []string{Images}
	}
	return []string{s.Layers[i-1].Name}
}

// Equal reports whether two specs describe the same network.
func (s Spec) Equal(o Spec) bool {
	a, errA := json.Marshal(s)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// MarshalJSON leaves out inputs that are the layer before: a chain is written
// without any.
func (s Spec) MarshalJSON() ([]byte, error) {
	type plain Spec
	c := plain(s.Clone())
	before := Images
	for i, l := range c.Layers {
		if len(l.Inputs) == 1 && l.Inputs[0] == before {
			c.Layers[i].Inputs = nil
		}
		before = l.Name
	}
	return json.Marshal(c)
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

// FirstVersion reports whether the first program of this project could read the
// spec: a chain of convolutions, ReLUs, poolings, dense layers and dropout whose
// sides are all square.
func (s Spec) FirstVersion() bool {
	if s.Validate() != nil {
		return false
	}
	before := Images
	for _, l := range s.Layers {
		if len(l.Inputs) > 1 || len(l.Inputs) == 1 && l.Inputs[0] != before || len(l.Name) > 64 {
			return false
		}
		before = l.Name
		if k, ok := l.Kind.(firstVersion); !ok || !k.firstVersion() {
			return false
		}
	}
	_, dense := s.Layers[len(s.Layers)-1].Kind.(Dense)
	return dense
}

// Validate returns nil when the spec describes a network that can be built,
// otherwise an error that names the layer; its cause is ErrSpec.
func (s Spec) Validate() error {
	_, err := s.wire()
	return err
}

// Shapes returns the output shape of each layer for one example: [C,H,W] or
// [F]. It returns the error of Validate.
func (s Spec) Shapes() ([][]int, error) {
	w, err := s.wire()
	if err != nil {
		return nil, err
	}
	return w.shapes, nil
}

// Parameters returns the tensors that Weights must hold for this spec, in
// order: those of a layer stand together. It returns the error of Validate.
func (s Spec) Parameters() ([]Parameter, error) {
	w, err := s.wire()
	if err != nil {
		return nil, err
	}
	var all []Parameter
	for _, parameters := range w.parameters {
		all = append(all, parameters...)
	}
	return all, nil
}

// MainLayers returns the layers that Last counts, from input to output: those
// that have weights, but for followers such as a batch normalisation. None when
// the spec is not valid.
func (s Spec) MainLayers() []Layer {
	w, err := s.wire()
	if err != nil {
		return nil
	}
	var layers []Layer
	for _, i := range w.mainLayers(s) {
		layers = append(layers, s.Layers[i])
	}
	return layers
}

// OutputLayer returns the layer that gives the logits: the last of MainLayers.
func (s Spec) OutputLayer() (Layer, error) {
	if err := s.Validate(); err != nil {
		return Layer{}, err
	}
	layers := s.MainLayers()
	if len(layers) == 0 {
		return Layer{}, errors.Wrap(ErrSpec, "found no layer with weights")
	}
	return layers[len(layers)-1], nil
}

// WithClasses returns the same network with its output layer giving n logits.
func (s Spec) WithClasses(n int) (Spec, error) {
	output, err := s.OutputLayer()
	if err != nil {
		return s, err
	}
	s = s.Clone()
	for i, l := range s.Layers {
		if l.Name != output.Name {
			continue
		}
		switch kind := l.Kind.(type) {
		case Dense:
			kind.Out = n
			s.Layers[i].Kind = kind
		case Conv:
			kind.Out = n
			s.Layers[i].Kind = kind
		}
	}
	if err := s.Validate(); err != nil {
		return s, err
	}
	if got := s.Classes(); got != n {
		return s, errors.Wrapf(ErrSpec, "layer %q: found %d logits after giving it %d outputs: what follows it changes their number", output.Name, got, n)
	}
	return s, nil
}

// Classes returns the number of logits, and 0 when the spec is not valid.
func (s Spec) Classes() int {
	w, err := s.wire()
	if err != nil {
		return 0
	}
	return w.shapes[len(w.shapes)-1][0]
}
