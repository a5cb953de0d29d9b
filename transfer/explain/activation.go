package explain

import (
	"cmp"
	"context"
	"fmt"
	"image"
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"
)

// Map is a class activation map: which parts of an image speak for a class.
//
// The network's last layer that still has rows and columns gives, say, 7×7 pixels of
// C channels. Each pixel sees a part of the image and its surroundings. Values are
// these pixels, with their channels weighted by what they mean for the class.
//
// Where the network averages over these pixels and nothing but linear layers follow,
// as in ResNet and MobileNet, the map is Exact: the class's logit is the mean of
// Values plus Bias. A value is then what the pixel contributes, above 0 for the class
// and below 0 against it (Zhou et al. 2016, "Learning Deep Features for Discriminative
// Localization", https://arxiv.org/abs/1512.04150). Elsewhere a channel's weight is
// the sum over its pixels of the logit's gradient towards it, and what speaks against
// the class is left out: Grad-CAM (Selvaraju et al. 2017,
// https://arxiv.org/abs/1610.02391, equations 1 and 2), which shows where, not how
// much.
type Map struct {
	Class       int       `json:"class"` // index
	Label       string    `json:"label"`
	Probability float64   `json:"probability"` // of the class, 0 to 1
	Logit       float64   `json:"logit"`
	Layer       string    `json:"layer"` // whose output the values are of
	Exact       bool      `json:"exact"` // Logit is the mean of Values plus Bias
	Bias        float64   `json:"bias"`  // 0 where not Exact
	Height      int       `json:"height"`
	Width       int       `json:"width"`
	Values      []float64 `json:"values"` // [Height,Width], row by row

	view *image.RGBA // what the network saw
}

// shift is the layer that Activation adds, whose bias has the gradient.
const shift = "explain.shift"

// Activation returns the map of an image for the class of that name, "" for the most
// probable one. The image is prepared as the network's training images were. The cause
// of the error for an unknown class is dataset.ErrClass.
func Activation(ctx context.Context, n *model.Network, img image.Image, class string) (*Map, error) {
	p, err := train.NewPredictor(n, 1)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	set, err := p.Set(img)
	if err != nil {
		return nil, err
	}
	a, err := NewActivator(n)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	return a.Map(ctx, set, 0, class)
}

// Activator makes activation maps with one network. It must not be used by several
// goroutines at once.
type Activator struct {
	network, shifted *model.Network
	at               lastSpatial
	trunk            *feature.Trunk
	evaluator        *train.Evaluator
}

// NewActivator returns an Activator. The network's weights must stay as they are. The
// cause of the error for a network without a layer that has rows and columns is
// model.ErrSpec.
func NewActivator(n *model.Network) (*Activator, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	a := &Activator{network: n}
	var err error
	if a.shifted, a.at, err = withShift(n); err != nil {
		return nil, err
	}
	net, err := model.Build(n, model.None(), model.Batch(1))
	if err != nil {
		return nil, err
	}
	if a.evaluator, err = train.NewEvaluator(net); err != nil {
		return nil, err
	}
	if a.trunk, err = feature.NewTrunk(a.shifted, model.Layers(shift)); err != nil {
		_ = a.evaluator.Close() // the error that is returned came first
		return nil, err
	}
	return a, nil
}

// Close frees the machines.
func (a *Activator) Close() error { return cmp.Or(a.trunk.Close(), a.evaluator.Close()) }

// Map returns the map of image i of a set that is prepared as the network takes it,
// for the class of that name, "" for the most probable one.
func (a *Activator) Map(ctx context.Context, set *dataset.Set, i int, class string) (*Map, error) {
	if set == nil || i < 0 || i >= set.Len() {
		return nil, errors.Wrapf(train.ErrData, "activation map: found no image %d", i)
	}
	pixels, err := set.ReadImage(i)
	if err != nil {
		return nil, err
	}
	one, err := dataset.NewSet(set.Name, set.Shape, pixels, []int{0}, a.network.Classes, set.Prep)
	if err != nil {
		return nil, err
	}
	seen, err := one.View(0)
	if err != nil {
		return nil, err
	}
	m := &Map{Layer: a.at.layer, Exact: a.at.exact, Height: a.at.shape[1], Width: a.at.shape[2], view: seen}
	if err := m.choose(ctx, a, one, class); err != nil {
		return nil, err
	}
	features, err := a.trunk.Features(ctx, one, feature.Options{})
	if err != nil {
		return nil, err
	}
	defer features.Close()
	weights, err := a.channelWeights(features, m.Class, m.Logit)
	if err != nil {
		return nil, err
	}
	m.weigh(weights, channels(a.trunk.Cut(), features.Row(0), a.at.layer))
	return m, nil
}

// choose runs the network and notes the class and its logit.
func (m *Map) choose(ctx context.Context, a *Activator, one *dataset.Set, class string) error {
	classes := a.network.Classes
	if name, err := dataset.ClassName(class); err == nil && !slices.Contains(classes, class) {
		class = name // as a folder's class is named
	}
	err := a.evaluator.Each(ctx, one, func(_ int, logits []float32) {
		if m.Class = slices.Index(classes, class); class == "" {
			m.Class = slices.Index(logits, slices.Max(logits))
		}
		if m.Class >= 0 {
			m.Label, m.Logit, m.Probability = classes[m.Class], float64(logits[m.Class]), train.Softmax(logits)[m.Class]
		}
	})
	if err == nil && m.Class < 0 {
		return errors.Wrapf(dataset.ErrClass, "activation map: found no class %q, expected one of %s", class, dataset.Classes(classes))
	}
	return err
}

// lastSpatial is the last layer whose output has rows and columns.
type lastSpatial struct {
	layer string
	shape []int // [C,H,W]
	exact bool  // its pixels are averaged, and what follows is linear
}

// withShift returns the network without dropout and with a layer after the last one
// that has rows and columns, which adds 0 to each channel.
func withShift(n *model.Network) (*model.Network, lastSpatial, error) {
	var at lastSpatial
	shapes, err := n.Spec.Shapes()
	if err != nil {
		return nil, at, err
	}
	place := -1
	for i, s := range shapes {
		if _, drops := n.Spec.Layers[i].Kind.(model.Dropout); !drops && len(s) == 3 && s[1]*s[2] > 1 {
			place = i
		}
	}
	if place < 0 {
		return nil, at, errors.Wrap(model.ErrSpec, "activation map: found no layer whose output has rows and columns, expected one, as a convolution of an image")
	}
	at = lastSpatial{n.Spec.Layers[place].Name, shapes[place], averaged(n.Spec, shapes, place)}
	s := sharing(n)
	spec := model.Spec{Input: n.Spec.Input}
	for i, l := range n.Spec.Layers {
		if _, drops := l.Kind.(model.Dropout); drops {
			l.Kind = model.Dropout{}
		}
		if i > place {
			l.Inputs = n.Spec.InputsOf(i)
			for j, in := range l.Inputs {
				if in == at.layer {
					l.Inputs[j] = shift
				}
			}
		}
		if spec.Layers = append(spec.Layers, l); i == place {
			spec.Layers = append(spec.Layers, model.Layer{Name: shift, Kind: model.BatchNorm{}})
		}
	}
	s.Spec = spec
	for part, v := range map[string]float32{"scale": 1, "bias": 0, "mean": 0, "variance": 1} {
		s.Weights.SetValues(shift+"/"+part, at.shape[:1], slices.Repeat([]float32{v}, at.shape[0]))
	}
	return s, at, s.Check()
}

// sharing returns a copy of the network that shares the memory of its weights, to be
// given further layers.
func sharing(n *model.Network) *model.Network {
	s := *n
	s.Spec, s.Weights = n.Spec.Clone(), model.NewWeights()
	for _, name := range n.Weights.Names() {
		s.Weights.Set(name, n.Weights.Get(name))
	}
	return &s
}

// averaged reports whether the pixels of a layer are averaged, and what follows is a
// chain of linear layers.
func averaged(spec model.Spec, shapes [][]int, place int) bool {
	pooled := false
	for i := place + 1; i < len(spec.Layers); i++ {
		if in := spec.InputsOf(i); len(in) != 1 || in[0] != spec.Layers[i-1].Name {
			return false
		}
		linear := pooled
		switch k := spec.Layers[i].Kind.(type) {
		case model.Dropout:
			linear = true
		case model.GlobalAveragePool:
			linear, pooled = true, true
		case model.AveragePool:
			pooled = pooled || slices.Equal(shapes[i][1:], []int{1, 1}) && k.Pad.IsZero() && wholeKernel(k.Kernel, shapes[i-1])
			linear = pooled
		case model.Dense, model.Conv, model.Flatten, model.BatchNorm:
		default:
			return false
		}
		if !linear {
			return false
		}
	}
	return pooled
}

// wholeKernel reports whether a window is all of an image [C,H,W].
func wholeKernel(kernel model.Sides, shape []int) bool {
	return len(kernel) > 0 && kernel[0] == shape[1] && kernel[len(kernel)-1] == shape[2]
}

// channelWeights returns the sum over each channel's pixels of the gradient of a
// class's logit. It is computed as the gradient of the loss of a net with two outputs,
// 0 and the logit minus its value: at equal odds that is half the gradient of the
// logit.
func (a *Activator) channelWeights(features *feature.Set, class int, logit float64) ([]float64, error) {
	const pick = "explain.pick"
	n, cut := sharing(a.shifted), a.trunk.Cut()
	n.Spec.Layers = append(n.Spec.Layers, model.Layer{Name: pick, Kind: model.Dense{Out: 2}})
	kernel := make([]float32, 2*len(n.Classes)) // [K,2]
	kernel[2*class+1] = 1
	n.Weights.SetValues(pick+"/W", []int{len(n.Classes), 2}, kernel)
	n.Weights.SetValues(pick+"/b", []int{2}, []float32{0, float32(-logit)})
	cut.Head = append(slices.Clone(cut.Head), pick)
	net, err := model.Build(n, model.Layers(shift), model.Batch(1), model.HeadOf(cut))
	if err != nil {
		return nil, err
	}
	trainer, err := train.New(net, train.NewSGD(1), seed)
	if err != nil {
		return nil, err
	}
	defer trainer.Close()
	if _, err := trainer.Gradients(features, []int{0}); err != nil { // their label is 0
		return nil, err
	}
	grad, err := net.Node(shift + "/bias").Grad()
	if err != nil {
		return nil, errors.Wrap(err, "gradient towards "+shift)
	}
	var weights []float64
	for _, g := range grad.Data().([]float32) {
		weights = append(weights, 2*float64(g))
	}
	return weights, nil
}

// channels returns a layer's output among the features of an image.
func channels(cut model.Cut, row []float32, layer string) []float32 {
	for _, f := range cut.Features {
		size := 1
		for _, side := range f.Shape {
			size *= side
		}
		if f.Layer == layer {
			return row[:size]
		}
		row = row[size:]
	}
	return nil
}

// weigh writes Values and Bias from the channels' pixels, [C,H,W].
func (m *Map) weigh(weights []float64, pixels []float32) {
	size := m.Height * m.Width
	m.Values = make([]float64, size)
	for c, w := range weights {
		for i, v := range pixels[c*size : (c+1)*size] {
			m.Values[i] += w * float64(v)
		}
	}
	if m.Exact {
		m.Bias = m.Logit - stat.Mean(m.Values, nil)
		return
	}
	for i, v := range m.Values {
		m.Values[i] = max(0, v)
	}
}

// String says for people where the map is strongest.
func (m *Map) String() string {
	most := floats.MaxIdx(m.Values)
	how := "by gradient: where, not how much"
	if m.Exact {
		how = fmt.Sprintf("exact: mean %.3f + bias %.3f = logit %.3f", stat.Mean(m.Values, nil), m.Bias, m.Logit)
	}
	return fmt.Sprintf("%s %.4f   %d×%d values of layer %s, %s; strongest at %.0f%% from the left, %.0f%% from the top", m.Label, m.Probability, m.Height, m.Width, m.Layer, how,
		100*(float64(most%m.Width)+0.5)/float64(m.Width), 100*(float64(most/m.Width)+0.5)/float64(m.Height))
}

// at returns the map at a place of the image, from 0 to 1 across and down,
// interpolated.
func (m *Map) at(x, y float64) float64 {
	column, dx := place(x, m.Width)
	row, dy := place(y, m.Height)
	value := func(r, c int) float64 { return m.Values[min(r, m.Height-1)*m.Width+min(c, m.Width-1)] }
	top := (1-dx)*value(row, column) + dx*value(row, column+1)
	bottom := (1-dx)*value(row+1, column) + dx*value(row+1, column+1)
	return (1-dy)*top + dy*bottom
}

// place returns the index of the value before a place, of n values whose middles are
// spread evenly, and how far it is to the next.
func place(x float64, values int) (before int, further float64) {
	x = math.Max(0, math.Min(x*float64(values)-0.5, float64(values-1)))
	return int(x), x - math.Floor(x)
}
