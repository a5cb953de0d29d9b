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

// Predictor says what images show. It is not for several goroutines at once.
type Predictor struct {
	network   *model.Network
	evaluator *Evaluator
}

// Prediction is what a network makes of one image.
type Prediction struct {
	Class         int       // index of the most probable class
	Label         string    // its name
	Probability   float64   // its probability, 0 to 1
	Probabilities []float64 // of all classes, in the network's order
	Note          string    // what makes the drawing doubtful that was found on the image, as in dataset.Drawing; "" if nothing does
}

// NewPredictor returns a Predictor that runs the network on up to batch images
// at a time. It shares the weights' memory.
func NewPredictor(n *model.Network, batch int) (*Predictor, error) {
	if err := n.Check(); err != nil {
		return nil, err
	}
	net, err := model.Build(n, model.None(), model.Batch(batch))
	if err != nil {
		return nil, err
	}
	e, err := NewEvaluator(net)
	if err != nil {
		return nil, err
	}
	return &Predictor{n, e}, nil
}

// Evaluator returns what runs the network, to look inside.
func (p *Predictor) Evaluator() *Evaluator { return p.evaluator }

// Image says what an image shows. It is prepared as the images that trained the
// network.
func (p *Predictor) Image(img image.Image) (Prediction, error) {
	if err := p.check(); err != nil {
		return Prediction{}, err
	}
	if p.network.Prep.IsPhoto() {
		return p.photo(img)
	}
	drawing, err := dataset.Find(img)
	if err != nil {
		return Prediction{}, err
	}
	q, err := p.Digit(drawing.Image)
	q.Note = drawing.Note
	return q, err
}

// Digit is Image for a drawing that dataset.Digit has found on its page.
func (p *Predictor) Digit(digit dataset.Image28) (Prediction, error) {
	if err := p.check(); err != nil {
		return Prediction{}, err
	}
	return p.one([]int{1, 28, 28}, digit.Bytes(p.network.Prep.Polarity))
}

// photo is Image for a network of photos.
func (p *Predictor) photo(img image.Image) (Prediction, error) {
	shape := p.network.Spec.Input
	pixels, err := p.network.Prep.Photo.Pixels(img, shape[1], shape[2])
	if err != nil {
		return Prediction{}, err
	}
	return p.one(shape, pixels)
}

// one says what an image of that shape shows.
func (p *Predictor) one(shape []int, pixels []byte) (Prediction, error) {
	n := p.network
	set, err := dataset.NewSet("image", shape, pixels, []int{0}, n.Classes, n.Prep)
	if err != nil {
		return Prediction{}, err
	}
	if !slices.Equal(n.Spec.Input, set.Shape) {
		return Prediction{}, errors.Wrapf(ErrData, "found an image of %v, the network takes %v", set.Shape, n.Spec.Input)
	}
	logits, err := p.evaluator.Logits(set, []int{0})
	if err != nil {
		return Prediction{}, err
	}
	return p.prediction(logits), nil
}

// Each says what each example of data shows, in their order. An error of f ends
// it.
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
	return q
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
