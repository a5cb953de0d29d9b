package train

import (
	"context"
	"fmt"
	"math"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Metrics is how well a network does on labelled examples.
type Metrics struct {
	Examples  int
	Correct   int
	Loss      float64 // mean cross-entropy
	Confusion [][]int // [label][prediction]
}

// Accuracy returns the share of right answers, 0 to 1.
func (m Metrics) Accuracy() float64 { return float64(m.Correct) / float64(m.Examples) }

// String returns accuracy and loss for people: "accuracy 0.9800 (49 of 50), loss 0.0712".
func (m Metrics) String() string {
	return fmt.Sprintf("accuracy %.4f (%d of %d), loss %.4f", m.Accuracy(), m.Correct, m.Examples, m.Loss)
}

// Interval returns the 95 % confidence interval of the accuracy, for examples drawn
// as those to come: Wilson's score interval (Wilson 1927, "Probable Inference, the
// Law of Succession, and Statistical Inference", Journal of the American Statistical
// Association 22, 209–212), which holds for few examples and for accuracies near 1
// too (Brown, Cai and DasGupta 2001, "Interval Estimation for a Binomial Proportion").
// Without examples it is 0 to 1.
func (m Metrics) Interval() (low, high float64) {
	if m.Examples == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // of the standard normal distribution, 97.5 % are below
	n, p := float64(m.Examples), m.Accuracy()
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, middle-half), min(1, middle+half)
}

// Score is Metrics in few numbers, for JSON.
type Score struct {
	Accuracy float64 `json:"accuracy"`
	Low      float64 `json:"accuracy_low"` // 95 % confidence interval: see Metrics.Interval
	High     float64 `json:"accuracy_high"`
	Correct  int     `json:"correct"`
	Examples int     `json:"examples"`
	Loss     float64 `json:"loss"`
}

// Score returns the metrics without the confusion.
func (m Metrics) Score() Score {
	low, high := m.Interval()
	return Score{m.Accuracy(), low, high, m.Correct, m.Examples, m.Loss}
}

// Recall returns the share of right answers among the examples of a label, 0 to
// 1, or NaN where there is no such example.
func (m Metrics) Recall(label int) float64 {
	all := 0
	for _, n := range m.Confusion[label] {
		all += n
	}
	return float64(m.Confusion[label][label]) / float64(all)
}

// BalancedAccuracy returns the mean recall of the labels that have examples:
// the accuracy if each label had as many.
func (m Metrics) BalancedAccuracy() float64 {
	sum, labels := 0.0, 0
	for label := range m.Confusion {
		if r := m.Recall(label); !math.IsNaN(r) {
			sum, labels = sum+r, labels+1
		}
	}
	return sum / float64(labels)
}

// Evaluator runs a network forward, without dropout.
type Evaluator struct {
	Progress func(done, of int) // called by Each and Evaluate after each batch; may be nil
	net      *model.Net
	machine  gorgonia.VM
}

// NewEvaluator returns an Evaluator of net, which must be built with model.None,
// without dropout. If it shares weights with a net that is trained, it sees the
// changes.
func NewEvaluator(net *model.Net) (*Evaluator, error) {
	if err := net.CheckWeights(); err != nil {
		return nil, err
	}
	if len(net.TrainedLayers()) > 0 {
		return nil, errors.Wrap(ErrNotForEvaluation, "new evaluator")
	}
	if _, err := net.ShareMemory(); err != nil {
		return nil, err
	}
	machine, err := graphop.NewMachine(net.Scope().Graph())
	if err != nil {
		return nil, err
	}
	return &Evaluator{net: net, machine: machine}, nil
}

// ErrNotForEvaluation is the cause of NewEvaluator's error.
var ErrNotForEvaluation = errors.New("the net is not built for evaluation: build it with model.None, or by Net.ForEvaluation")

// Net returns the net that is run.
func (e *Evaluator) Net() *model.Net { return e.net }

// Logits runs the examples with these indices, at most a batch, and returns
// their logits, [len(indices), classes], or what else the net computes: see
// model.Net.Result. The next run overwrites them. Outputs that are not finite
// are an error whose cause is ErrNotFinite.
func (e *Evaluator) Logits(data dataset.Examples, indices []int) ([]float32, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	if err := e.net.Load(data, indices); err != nil {
		return nil, err
	}
	e.machine.Reset()
	if err := runAll(e.machine); err != nil {
		return nil, errors.Wrap(err, "run the network")
	}
	outputs := e.net.Result(len(indices))
	return outputs, checkOutputs(e.net, indices, outputs)
}

// Each runs all examples in order, a batch at a time, and calls f with the
// index of the batch's first example and its logits [n, classes]. It ends
// early when ctx is done.
func (e *Evaluator) Each(ctx context.Context, data dataset.Examples, f func(first int, logits []float32)) error {
	if err := e.check(); err != nil {
		return err
	}
	if f == nil {
		return errors.New("run all examples: found no function to call")
	}
	if err := e.net.CheckExamples(data); err != nil {
		return err
	}
	indices := make([]int, 0, e.net.Batch())
	for first := 0; first < data.Len(); first += len(indices) {
		if err := ctx.Err(); err != nil {
			return err
		}
		indices = indices[:0]
		for i := first; i < data.Len() && len(indices) < e.net.Batch(); i++ {
			indices = append(indices, i)
		}
		logits, err := e.Logits(data, indices)
		if err != nil {
			return err
		}
		f(first, logits)
		if e.Progress != nil {
			e.Progress(first+len(indices), data.Len())
		}
	}
	return nil
}

// Evaluate runs all examples and compares the answers with the labels.
func (e *Evaluator) Evaluate(ctx context.Context, data dataset.Examples) (Metrics, error) {
	if err := e.check(); err != nil {
		return Metrics{}, err
	}
	if err := checkData(e.net, data); err != nil {
		return Metrics{}, err
	}
	k := e.net.Spec().Classes()
	m := Metrics{Examples: data.Len(), Confusion: make([][]int, k)}
	for i := range m.Confusion {
		m.Confusion[i] = make([]int, k)
	}
	err := e.Each(ctx, data, func(first int, logits []float32) {
		for i := 0; i < len(logits)/k; i++ {
			row, label := logits[i*k:(i+1)*k], data.Label(first+i)
			m.Loss += crossEntropy(row, label) / float64(m.Examples)
			prediction := argmax(row)
			m.Confusion[label][prediction]++
			if prediction == label {
				m.Correct++
			}
		}
	})
	return m, err
}

// Evaluate runs the whole network over labelled examples, each once.
func Evaluate(ctx context.Context, n *model.Network, data dataset.Examples) (Metrics, error) {
	return EvaluateWith(ctx, n, data, nil)
}

// EvaluateWith is Evaluate that says how many examples are done.
func EvaluateWith(ctx context.Context, n *model.Network, data dataset.Examples, progress func(done, of int)) (Metrics, error) {
	net, err := model.Build(n, model.None(), model.BatchUpTo(evaluationBatch))
	if err != nil {
		return Metrics{}, err
	}
	e, err := NewEvaluator(net)
	if err != nil {
		return Metrics{}, err
	}
	defer e.Close()
	e.Progress = progress
	return e.Evaluate(ctx, data)
}

// crossEntropy returns log Σ exp(x) − x_label.
func crossEntropy(logits []float32, label int) float64 {
	largest := float64(logits[argmax(logits)])
	var sum float64
	for _, x := range logits {
		sum += math.Exp(float64(x) - largest)
	}
	return math.Log(sum) + largest - float64(logits[label])
}

// Softmax returns the probabilities of one row of logits.
func Softmax(logits []float32) []float64 {
	if len(logits) == 0 {
		return nil
	}
	largest := float64(logits[argmax(logits)])
	p := make([]float64, len(logits))
	var sum float64
	for i, x := range logits {
		p[i] = math.Exp(float64(x) - largest)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// Close frees the machine.
func (e *Evaluator) Close() error {
	if e.check() != nil {
		return nil
	}
	return e.machine.Close()
}

// check returns an error unless NewEvaluator made it.
func (e *Evaluator) check() error {
	if e == nil || e.net == nil {
		return errors.Wrap(model.ErrNetwork, "found no evaluator, expected one that NewEvaluator made")
	}
	return nil
}
