package page

import (
	"bytes"
	"image"
	"math"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// digitShape is what dataset.Digit makes of any image: [C,H,W].
var digitShape = []int{1, 28, 28}

// Bounds on the feature maps that are sent of one layer: a network from a file
// may have any number of any size.
const (
	maxMaps    = 64   // of a layer with maps
	maxMapSide = 64   // pixels
	maxUnits   = 1024 // of a dense layer
	maxSteps   = 16   // layers, with what is fused into them
)

// predictor runs a network on one drawing at a time and looks at what every
// layer gives. It has weights of its own, which nobody changes, and is not for
// several goroutines at once.
type predictor struct {
	model     *model.Network
	evaluator *train.Evaluator
}

func newPredictor(m *model.Network) (*predictor, error) {
	own := *m
	own.Weights = m.Weights.Clone()
	net, err := model.Build(&own, model.None(), model.Batch(1))
	if err != nil {
		return nil, err
	}
	e, err := train.NewEvaluator(net)
	return &predictor{&own, e}, err
}

func (p *predictor) close() error { return p.evaluator.Close() }

// prediction is what the network makes of one drawing.
type prediction struct {
	Input         []byte       `json:"input"` // [28,28], as the network gets it
	Label         string       `json:"label"`
	Note          string       `json:"note,omitempty"` // what is doubtful about the drawing
	Classes       []string     `json:"classes"`
	Probabilities []float64    `json:"probabilities"` // in the order of Classes
	Layers        []activation `json:"layers"`        // from input to logits
}

// activation is the output of a layer, with the ReLU and pooling fused into
// it, as grey values.
type activation struct {
	Layers  []string `json:"layers"`
	Shape   []int    `json:"shape"`   // [C,H,W] or [F]
	Shown   int      `json:"shown"`   // maps, or units, in Pixels: the first ones
	Silent  int      `json:"silent"`  // of all maps, or units, those without a value above 0
	Largest float64  `json:"largest"` // of all values
	Pixels  []byte   `json:"pixels"`  // [Shown,H,W] or [Shown]; 0 is 0 or the least value, 255 the largest
}

// predict runs the network on a drawing as mnist predict does.
func (p *predictor) predict(digit dataset.Image28) (prediction, error) {
	input := digit.Bytes(p.model.Prep.Polarity)
	set, err := dataset.NewSet("drawing", slices.Clone(digitShape), input, []int{0}, p.model.Classes, p.model.Prep)
	if err != nil {
		return prediction{}, err
	}
	net := p.evaluator.Net()
	steps := map[string][]string{} // layers by the node that computes them
	for _, s := range net.Steps() {
		steps[s.Node.Name()] = s.Layers
	}
	result := prediction{Input: input, Classes: p.model.Classes}
	net.Scope().Observe(func(e graphop.Event) {
		layers, ok := steps[e.Node]
		output, dense := e.Output.(*tensor.Dense)
		if ok && dense && len(result.Layers) < maxSteps {
			result.Layers = append(result.Layers, newActivation(layers, output.Shape()[1:], output.Float32s()))
		}
	})
	defer net.Scope().Observe(nil)
	logits, err := p.evaluator.Logits(set, []int{0})
	if err != nil {
		return prediction{}, err
	}
	for _, a := range result.Layers {
		if math.IsNaN(a.Largest) || math.IsInf(a.Largest, 0) {
			return prediction{}, errors.Wrapf(train.ErrNotFinite, "layer %s: found an output that is no finite number: the network's weights are too large", a.Layers[0])
		}
	}
	result.Probabilities = train.Softmax(logits)
	best := 0
	for i, probability := range result.Probabilities {
		if probability > result.Probabilities[best] {
			best = i
		}
	}
	result.Label = p.model.Classes[best]
	return result, nil
}

// newActivation copies values of that shape, [C,H,W] or [F].
func newActivation(layers []string, shape []int, values []float32) activation {
	a := activation{Layers: layers, Shape: slices.Clone(shape), Shown: min(shape[0], maxUnits)}
	size := 1 // values of one map
	if len(shape) == 3 {
		size = shape[1] * shape[2]
		a.Shown = min(shape[0], maxMaps)
		if max(shape[1], shape[2]) > maxMapSide {
			a.Shown = 0
		}
	}
	for i := 0; i < len(values); i += size {
		if slices.Max(values[i:i+size]) <= 0 {
			a.Silent++
		}
	}
	low, high := min(0, slices.Min(values)), slices.Max(values)
	a.Largest = float64(high)
	a.Pixels = make([]byte, a.Shown*size)
	if high > low {
		for i := range a.Pixels {
			a.Pixels[i] = byte(math.Round(255 * float64((values[i]-low)/(high-low))))
		}
	}
	return a
}

// maxPixels bounds the images that are decoded: what a browser sends has far
// fewer, and a small file can unpack to very many.
const maxPixels = 1 << 20

// errPixels is the cause of the error for an image that has more.
var errPixels = errors.New("too many pixels")

// readDigit brings a PNG or JPEG file to the form of MNIST's images.
func readDigit(content []byte) (dataset.Drawing, error) {
	// What is wrong with a header, DecodeImage says better.
	if c, _, err := image.DecodeConfig(bytes.NewReader(content)); err == nil && float64(c.Width)*float64(c.Height) > maxPixels {
		return dataset.Drawing{}, errors.Wrapf(errPixels, "image: found %d×%d pixels, expected a product of at most %d", c.Width, c.Height, maxPixels)
	}
	img, err := dataset.DecodeImage(bytes.NewReader(content), "image")
	if err != nil {
		return dataset.Drawing{}, err
	}
	return dataset.Find(img)
}
