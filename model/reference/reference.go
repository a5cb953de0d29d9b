package reference

import (
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// Net is the graph of a network with softmax cross-entropy behind it. Every
// weight is a variable and holds a copy of what it was built from.
type Net struct {
	Loss *gorgonia.Node // scalar, the mean over the batch

	graph   *gorgonia.ExprGraph
	dtype   tensor.Dtype
	images  *gorgonia.Node            // [N,C,H,W] or [N,F]
	labels  *gorgonia.Node            // [N,classes], one-hot
	masks   map[string]*gorgonia.Node // of dropout layers, by name
	weights map[string]*gorgonia.Node
	grads   map[string]*gorgonia.Node
	logits  gorgonia.Value // [N,classes]; a copy, since Gorgonia may compute the loss in place
	machine gorgonia.VM
}

// Build makes the graph of spec with the weights w for batches of exactly
// batch examples; dtype is tensor.Float64 or tensor.Float32. Dropout layers
// multiply by a mask, all ones until SetMask.
func Build(spec model.Spec, w *model.Weights, batch int, dtype tensor.Dtype) (*Net, error) {
	if dtype != tensor.Float64 && dtype != tensor.Float32 {
		return nil, errors.Errorf("reference: found %v, expected float64 or float32", dtype)
	}
	if err := w.Check(spec); err != nil {
		return nil, err
	}
	n := &Net{
		graph: gorgonia.NewGraph(), dtype: dtype,
		masks: map[string]*gorgonia.Node{}, weights: map[string]*gorgonia.Node{}, grads: map[string]*gorgonia.Node{},
	}
	for _, name := range w.Names() {
		n.weights[name] = n.variable(name, w.Get(name).Shape(), w.Get(name).Float32s())
	}
	n.images = n.variable("images", append(tensor.Shape{batch}, spec.Input...), nil)
	x := n.images
	var err error
	built := map[string]*gorgonia.Node{model.Images: x}
	for i, l := range spec.Layers {
		var in []*gorgonia.Node
		for _, name := range spec.InputsOf(i) {
			in = append(in, built[name])
		}
		if x, err = n.layer(in, l); err != nil {
			return nil, errors.Wrap(err, l.Name)
		}
		built[l.Name] = x
	}
	gorgonia.Read(x, &n.logits)
	n.labels = n.variable("labels", x.Shape(), nil)
	n.Loss, err = CrossEntropy(x, n.labels)
	return n, errors.Wrap(err, "loss")
}

// variable adds an input of the graph with a copy of values, zeros when nil.
func (n *Net) variable(name string, shape tensor.Shape, values []float32) *gorgonia.Node {
	if values == nil {
		values = make([]float32, shape.TotalSize())
	}
	return gorgonia.NewTensor(n.graph, n.dtype, len(shape), gorgonia.WithShape(shape...),
		gorgonia.WithName(name), gorgonia.WithValue(n.tensor(shape, values)))
}

func (n *Net) tensor(shape tensor.Shape, values []float32) *tensor.Dense {
	var backing any = append([]float32(nil), values...)
	if n.dtype == tensor.Float64 {
		backing = widen(values)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
}

func widen(values []float32) []float64 {
	wide := make([]float64, len(values))
	for i, v := range values {
		wide[i] = float64(v)
	}
	return wide
}

// layer adds one layer on what it takes.
func (n *Net) layer(in []*gorgonia.Node, l model.Layer) (*gorgonia.Node, error) {
	x, w, b := in[0], n.weights[l.Name+"/W"], n.weights[l.Name+"/b"]
	switch k := l.Kind.(type) {
	case model.Conv:
		pad := 0
		if len(k.Pad) > 0 {
			pad = k.Pad[0]
		}
		return Conv(x, w, b, k.Stride[0], pad)
	case model.Dense:
		return Dense(x, w, b)
	case model.ReLU:
		return gorgonia.Rectify(x)
	case model.MaxPool:
		return MaxPool(x, k.Kernel[0], k.Stride[0])
	case model.Dropout:
		mask := n.variable(l.Name+" mask", x.Shape(), nil)
		n.masks[l.Name] = mask
		if err := mask.Value().(*tensor.Dense).Memset(one(n.dtype)); err != nil {
			return nil, err
		}
		return gorgonia.HadamardProd(x, mask)
	}
	return nil, errors.Errorf("found kind %s, which the reference does not have", l.Kind)
}

func one(dtype tensor.Dtype) any {
	if dtype == tensor.Float64 {
		return 1.0
	}
	return float32(1)
}
