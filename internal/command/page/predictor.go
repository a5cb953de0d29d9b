package page

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// digitShape is what dataset.Digit makes of any image: [C,H,W].
var digitShape = []int{1, 28, 28}

// Bounds on what is sent about a network: one from a file may have any number of
// layers and classes, of any size.
const (
	maxMaps    = 64   // of a layer with maps
	maxMapSide = 64   // pixels
	maxUnits   = 1024 // of a dense layer
	maxSteps   = 16   // layers, with what is fused into them
	maxAnswers = 20   // classes; of more, the most probable ones
)

// predictor runs a network on one image at a time and looks at the output of its
// layers. It has its own copy of the weights, which never changes.
type predictor struct {
	model  *model.Network
	layers []model.LayerInfo
	inside map[string][]string // the layers that each node computes, for nodes that are looked at
	first  []string            // the first of these layers for each node

	mu      sync.Mutex // guards network
	network *train.Predictor
}

func newPredictor(m *model.Network) (*predictor, error) {
	own := *m
	own.Weights = m.Weights.Clone()
	network, err := train.NewPredictor(&own, 1)
	if err != nil {
		return nil, err
	}
	net := network.Evaluator().Net()
	p := &predictor{model: &own, layers: net.Describe(), inside: map[string][]string{}, network: network}
	steps := net.Steps()
	for _, at := range lookedAt(len(steps)) {
		p.inside[steps[at].Node.Name()] = steps[at].Layers
		p.first = append(p.first, steps[at].Layers[0])
	}
	return p, nil
}

// lookedAt returns which of n steps are looked at: all, or the last ones and,
// evenly spread, some of those before.
func lookedAt(n int) []int {
	const half = maxSteps / 2
	var at []int
	for i := range min(n, maxSteps) {
		switch {
		case n <= maxSteps:
			at = append(at, i)
		case i < half:
			at = append(at, i*(n-half)/half)
		default:
			at = append(at, n-maxSteps+i)
		}
	}
	return at
}

func (p *predictor) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.network.Close()
}

// prediction is what the network makes of one image.
type prediction struct {
	Input         []byte       `json:"input,omitempty"`   // of a drawing, [28,28], as the network gets it
	Picture       []byte       `json:"picture,omitempty"` // of a photo, the same as a JPEG file
	Label         string       `json:"label"`
	Probability   float64      `json:"probability"`    // of the most probable class; Label is that or train.NoneOfThese
	Note          string       `json:"note,omitempty"` // what is doubtful about the drawing
	Classes       []string     `json:"classes"`        // up to maxAnswers in the network's order; of more, the most probable ones
	Probabilities []float64    `json:"probabilities"`  // in the order of Classes
	Layers        []activation `json:"layers,omitempty"`
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

// question is what is asked about an image.
type question struct {
	inside    bool    // what the layers gave
	threshold float64 // the probability below which it shows none of the classes
}

// predict runs the network on an image, [C,H,W], as it takes it.
func (p *predictor) predict(input []byte, q question) (prediction, error) {
	set, err := dataset.NewSet("image", slices.Clone(p.model.Spec.Input), input, []int{0}, p.model.Classes, p.model.Prep)
	if err != nil {
		return prediction{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var result prediction
	if q.inside {
		scope := p.network.Evaluator().Net().Scope()
		scope.Observe(func(e graphop.Event) {
			layers, ok := p.inside[e.Node]
			if output, dense := e.Output.(*tensor.Dense); ok && dense {
				result.Layers = append(result.Layers, newActivation(layers, output.Shape()[1:], output.Float32s()))
			}
		})
		defer scope.Observe(nil)
	}
	p.network.Threshold = q.threshold
	if err := p.network.Each(context.Background(), set, func(_ int, found train.Prediction) error {
		result.answer(p.network, found)
		return nil
	}); err != nil {
		return prediction{}, err
	}
	for _, a := range result.Layers {
		if math.IsNaN(a.Largest) || math.IsInf(a.Largest, 0) {
			return prediction{}, errors.Wrapf(train.ErrNotFinite, "layer %s: found an output that is no finite number: the network's weights are too large", a.Layers[0])
		}
	}
	return result, nil
}

// answer fills in what the network found.
func (r *prediction) answer(p *train.Predictor, found train.Prediction) {
	r.Label, r.Probability, r.Probabilities = found.Label, found.Probability, found.Probabilities
	r.Classes = p.Evaluator().Net().Network().Classes
	if len(r.Classes) <= maxAnswers {
		return
	}
	r.Classes, r.Probabilities = nil, nil
	for _, a := range p.Top(found, maxAnswers) {
		r.Classes, r.Probabilities = append(r.Classes, a.Label), append(r.Probabilities, a.Probability)
	}
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
