package train

import (
	"cmp"
	"context"
	"image"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Predictor predicts the classes of images. It is not for several goroutines at
// once.
type Predictor struct {
	// Threshold is the least probability of an answer, 0 to 1. Below it the answer is
	// NoneOfThese.
	Threshold float64

	network   *model.Network
	evaluator *Evaluator
}

// NoneOfThese is the label of an image for which no class is probable enough.
const NoneOfThese = "none of these"

// Prediction is what a network makes of one image.
type Prediction struct {
	Class         int       // index of the most probable class; -1 where Predictor.Threshold rules it out
	Label         string    // its name; NoneOfThese
	Probability   float64   // of the most probable class, 0 to 1
	Probabilities []float64 // of all classes, in the network's order
	Note          string    // why the drawing found on the image is doubtful, as in dataset.Drawing; "" if it is not
}

// NewPredictor returns a Predictor that runs the network on up to batch images
// at a time. It shares the weights' memory, and some are read only once:
// after a training, make another Predictor.
func NewPredictor(n *model.Network, batch int) (*Predictor, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	net, err := model.Build(n, model.None(), model.Batch(batch), model.ConstantWeights())
	if err != nil {
		return nil, err
	}
	e, err := NewEvaluator(net)
	if err != nil {
		return nil, err
	}
	return &Predictor{network: n, evaluator: e}, nil
}

// Evaluator returns the Evaluator that runs the network, to look inside.
func (p *Predictor) Evaluator() *Evaluator { return p.evaluator }

// Image predicts an image, prepared as the network's training images were.
func (p *Predictor) Image(img image.Image) (Prediction, error) {
	if err := p.check(); err != nil {
		return Prediction{}, err
	}
	ready, err := p.prepare(img)
	if err != nil {
		return Prediction{}, err
	}
	return p.one(ready)
}

// prepared is an image as the network takes it.
type prepared struct {
	shape  []int // [C,H,W]
	pixels []byte
	note   string // as in Prediction
}

// prepare makes an image what the network takes. Several goroutines may call it.
func (p *Predictor) prepare(img image.Image) (prepared, error) {
	prep, shape := p.network.Prep, p.network.Spec.Input
	if prep.IsPhoto() {
		pixels, err := prep.Photo.Pixels(img, shape[1], shape[2])
		return prepared{shape: shape, pixels: pixels}, err
	}
	drawing, err := dataset.Find(img)
	if err != nil {
		return prepared{}, err
	}
	return prepared{[]int{1, 28, 28}, drawing.Image.Bytes(prep.Polarity), drawing.Note}, nil
}

// Digit is Image for a drawing that dataset.Digit has found on its page.
func (p *Predictor) Digit(digit dataset.Image28) (Prediction, error) {
	if err := p.check(); err != nil {
		return Prediction{}, err
	}
	return p.one(prepared{shape: []int{1, 28, 28}, pixels: digit.Bytes(p.network.Prep.Polarity)})
}

// one says what an image shows.
func (p *Predictor) one(ready prepared) (Prediction, error) {
	set, err := p.set(ready, 1)
	if err != nil {
		return Prediction{}, err
	}
	logits, err := p.evaluator.Logits(set, []int{0})
	if err != nil {
		return Prediction{}, err
	}
	q := p.prediction(logits)
	q.Note = ready.note
	return q, nil
}

// Set returns an image as the network takes it: a set of one.
func (p *Predictor) Set(img image.Image) (*dataset.Set, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	ready, err := p.prepare(img)
	if err != nil {
		return nil, err
	}
	return p.set(ready, 1)
}

// set returns a set of images; ready has the pixels of all of them.
func (p *Predictor) set(ready prepared, images int) (*dataset.Set, error) {
	n := p.network
	set, err := dataset.NewSet("image", ready.shape, ready.pixels, make([]int, images), n.Classes, n.Prep)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(n.Spec.Input, set.Shape) {
		return nil, errors.Wrapf(ErrData, "found an image of %v, the network takes %v", set.Shape, n.Spec.Input)
	}
	return set, nil
}

// Each predicts each example of data, in order. An error of f ends it.
func (p *Predictor) Each(ctx context.Context, data dataset.Examples, f func(i int, q Prediction) error) error {
	if err := p.check(); err != nil {
		return err
	}
	if f == nil {
		return errors.New("predict: found no function to call")
	}
	classes := len(p.network.Classes)
	var failed error
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	err := p.evaluator.Each(ctx, data, func(first int, logits []float32) {
		for i := 0; i < len(logits)/classes && failed == nil; i++ {
			failed = f(first+i, p.prediction(logits[i*classes:(i+1)*classes]))
		}
		if failed != nil {
			stop()
		}
	})
	return cmp.Or(failed, err)
}

func (p *Predictor) prediction(logits []float32) Prediction {
	q := Prediction{Probabilities: Softmax(logits), Class: argmax(logits)}
	q.Label, q.Probability = p.network.Classes[q.Class], q.Probabilities[q.Class]
	if q.Probability < p.Threshold {
		q.Class, q.Label = -1, NoneOfThese
	}
	return q
}

// Answer is a class and its probability.
type Answer struct {
	Label       string  `json:"label"`
	Probability float64 `json:"probability"` // 0 to 1
}

// Top returns the n most probable classes of a prediction, the most probable first;
// all of them where there are fewer.
func (p *Predictor) Top(q Prediction, n int) []Answer {
	all := make([]Answer, len(q.Probabilities))
	for i, probability := range q.Probabilities {
		all[i] = Answer{p.network.Classes[i], probability}
	}
	slices.SortStableFunc(all, func(a, b Answer) int { return cmp.Compare(b.Probability, a.Probability) })
	return all[:max(0, min(n, len(all)))]
}

// ByClass returns the probabilities of a prediction by the names of the classes.
func (p *Predictor) ByClass(q Prediction) map[string]float64 {
	named := map[string]float64{}
	for i, probability := range q.Probabilities {
		named[p.network.Classes[i]] = probability
	}
	return named
}

// Close frees the machine.
func (p *Predictor) Close() error {
	if p.check() != nil {
		return nil
	}
	return p.evaluator.Close()
}

// check returns an error unless NewPredictor made it.
func (p *Predictor) check() error {
	if p == nil || p.network == nil {
		return errors.Wrap(model.ErrNetwork, "found no predictor, expected one that NewPredictor made")
	}
	return nil
}
