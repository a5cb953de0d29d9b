package model

import (
	"math"
	"regexp"
	"slices"

	"github.com/pkg/errors"
)

// Bounds on what a spec from a file may ask for.
const (
	maxLayers     = 4000
	maxActivation = 1 << 26 // numbers in one layer's output for one example
	maxParameters = 1 << 28 // numbers in all weights together: 1 GiB
)

var layerName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]{0,127}$`)

// reserved are the names of the graph's inputs and of its loss.
var reserved = map[string]bool{Images: true, "labels": true, "loss": true}

// wiring is what a valid spec means: who reads whom, and all shapes. Layers
// are their indices in the spec, the images are fromImages.
type wiring struct {
	inputs     [][]int // layers that a layer reads
	readers    [][]int // layers that read a layer, a layer that reads twice named twice
	shapes     [][]int // of a layer's output, for one example
	parameters [][]Parameter
	input      []int // the shape of the images
}

// fromImages stands for the network's input among a layer's inputs.
const fromImages = -1

// wire checks the spec. Its errors name the layer; their cause is ErrSpec.
func (s Spec) wire() (*wiring, error) {
	if len(s.Input) != 1 && len(s.Input) != 3 {
		return nil, errors.Wrapf(ErrSpec, "input: found shape %v, expected [C,H,W] or [F]", s.Input)
	}
	if _, ok := sizeWithin(s.Input, maxActivation); !ok {
		return nil, errors.Wrapf(ErrSpec, "input: found shape %v, expected sides from 1 and at most %d numbers", s.Input, maxActivation)
	}
	if len(s.Layers) == 0 || len(s.Layers) > maxLayers {
		return nil, errors.Wrapf(ErrSpec, "layers: found %d, expected 1 to %d", len(s.Layers), maxLayers)
	}
	n := len(s.Layers)
	w := &wiring{make([][]int, n), make([][]int, n), make([][]int, n), make([][]Parameter, n), s.Input}
	index := map[string]int{Images: fromImages}
	numbers := 0
	for i, l := range s.Layers {
		if err := checkName(l.Name, i); err != nil {
			return nil, err
		}
		if _, ok := index[l.Name]; ok {
			return nil, errors.Wrapf(ErrSpec, "layer %q: found the name twice", l.Name)
		}
		if err := w.connect(i, l, index); err != nil {
			return nil, err
		}
		index[l.Name] = i
		for _, p := range w.parameters[i] {
			size, ok := sizeWithin(p.Shape, maxParameters)
			if numbers += size; !ok || numbers > maxParameters {
				return nil, errors.Wrapf(ErrSpec, "layer %q (%s): the weights up to here have more than %d numbers", l.Name, l.Kind, maxParameters)
			}
		}
	}
	return w, w.checkEnds(s)
}

func checkName(name string, i int) error {
	if !layerName.MatchString(name) {
		return errors.Wrapf(ErrSpec, "layer %d: found name %.200q, expected a letter, then up to 127 letters, digits, '_', '.' or '-'", i, name)
	}
	if reserved[name] {
		return errors.Wrapf(ErrSpec, "layer %d: found the reserved name %q", i, name)
	}
	return nil
}

// connect fills in layer i, whose inputs are among the layers in index.
func (w *wiring) connect(i int, l Layer, index map[string]int) error {
	if !known(l.Kind) {
		return errors.Wrapf(ErrSpec, "layer %q: found kind %T, expected one of package model", l.Name, l.Kind)
	}
	w.inputs[i] = []int{i - 1}
	if len(l.Inputs) > 0 {
		w.inputs[i] = nil
	}
	for _, name := range l.Inputs {
		from, ok := index[name]
		if !ok {
			return errors.Wrapf(ErrSpec, "layer %q (%s): found input %.200q, expected %q or an earlier layer", l.Name, l.Kind, name, Images)
		}
		w.inputs[i] = append(w.inputs[i], from)
	}
	least, most := 1, 1
	if k, ok := l.Kind.(inputs); ok {
		least, most = k.inputs()
	}
	if n := len(w.inputs[i]); n < least || n > most {
		return errors.Wrapf(ErrSpec, "layer %q (%s): found %d inputs, expected %d to %d", l.Name, l.Kind, n, least, most)
	}
	in := w.inputShapes(i)
	out, err := l.Kind.output(in)
	if err != nil {
		return errors.Wrapf(ErrSpec, "layer %q (%s): %v", l.Name, l.Kind, err)
	}
	if _, ok := sizeWithin(out, maxActivation); !ok {
		return errors.Wrapf(ErrSpec, "layer %q (%s): output %v has more than %d numbers", l.Name, l.Kind, out, maxActivation)
	}
	w.shapes[i] = out
	for _, p := range l.Kind.parameters(in) {
		p.Layer, p.Name = l.Name, l.Name+"/"+p.Part
		w.parameters[i] = append(w.parameters[i], p)
	}
	for _, from := range w.inputs[i] {
		if from != fromImages {
			w.readers[from] = append(w.readers[from], i)
		}
	}
	return nil
}

// checkEnds makes sure that the last layer gives the logits and that nothing
// else ends in nothing.
func (w *wiring) checkEnds(s Spec) error {
	last := len(s.Layers) - 1
	if _, ok := s.Layers[last].Kind.(trainingOnly); ok || len(w.shapes[last]) != 1 {
		return errors.Wrapf(ErrSpec, "layer %q (%s): found output %v, expected [classes]: the last layer gives the logits", s.Layers[last].Name, s.Layers[last].Kind, w.shapes[last])
	}
	for i, readers := range w.readers[:last] {
		if len(readers) == 0 {
			return errors.Wrapf(ErrSpec, "layer %q (%s): no layer reads its output", s.Layers[i].Name, s.Layers[i].Kind)
		}
	}
	return nil
}

// inputShapes returns the shapes of what layer i takes.
func (w *wiring) inputShapes(i int) [][]int {
	shapes := make([][]int, len(w.inputs[i]))
	for j, from := range w.inputs[i] {
		shapes[j] = w.shapeOf(from)
	}
	return shapes
}

// shapeOf returns the shape of a layer's output, or of the images.
func (w *wiring) shapeOf(layer int) []int {
	if layer == fromImages {
		return w.input
	}
	return w.shapes[layer]
}

// mainLayers returns the layers that have parameters and are no followers, from
// input to output: what Last counts.
func (w *wiring) mainLayers(s Spec) []int {
	var main []int
	for i, l := range s.Layers {
		if _, follows := l.Kind.(follower); !follows && w.trainable(i) {
			main = append(main, i)
		}
	}
	return main
}

// trainable reports whether a layer has parameters that can be trained.
func (w *wiring) trainable(i int) bool {
	return slices.ContainsFunc(w.parameters[i], func(p Parameter) bool { return !p.Fixed })
}

// size returns the product of the sides of a shape that wire has accepted.
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
