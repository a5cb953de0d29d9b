package train_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
)

// reference is what PyTorch made of a network; testdata/reference/make.py says
// how.
type reference struct {
	spec    model.Spec
	weights *model.Weights
	digits  []int
	solver  *train.Solver
	tensors *weightfile.Tensors
}

func readReference(t *testing.T) *reference {
	t.Helper()
	tensors, err := weightfile.ReadTensors("../testdata/reference/reference.safetensors")
	must(t, err)
	r := &reference{tensors: tensors, weights: model.NewWeights()}
	r.spec, err = model.ParseSpec([]byte(tensors.Metadata["spec"]))
	must(t, err)
	must(t, json.Unmarshal([]byte(tensors.Metadata["labels"]), &r.digits))
	var solver struct {
		LearningRate float64 `json:"learning_rate"`
		Momentum     float64 `json:"momentum"`
		WeightDecay  float64 `json:"weight_decay"`
	}
	must(t, json.Unmarshal([]byte(tensors.Metadata["solver"]), &solver))
	r.solver = &train.Solver{Rule: train.Momentum{Momentum: solver.Momentum}, LearningRate: solver.LearningRate, WeightDecay: solver.WeightDecay}
	want, err := r.spec.Parameters()
	must(t, err)
	for _, ws := range want {
		r.weights.SetValues(ws.Name, ws.Shape, r.values(t, "weight."+ws.Name))
	}
	return r
}

func (r *reference) values(t *testing.T, name string) []float32 {
	t.Helper()
	e := r.tensors.Get(name)
	if e == nil {
		t.Fatalf("%s: found no tensor %q", r.tensors.File, name)
	}
	return e.Values
}

// near fails unless got is within tol of the reference's tensor, relative to
// its largest number.
func (r *reference) near(t *testing.T, name string, got []float32, tol float64) {
	t.Helper()
	want := r.values(t, name)
	if len(got) != len(want) {
		t.Fatalf("%s: found %d numbers, expected %d", name, len(got), len(want))
	}
	scale, worst := 0.0, 0.0
	for i, x := range want {
		scale = math.Max(scale, math.Abs(float64(x)))
		worst = math.Max(worst, math.Abs(float64(got[i])-float64(x)))
	}
	t.Logf("%s: largest difference %.1e", name, worst/scale)
	if !(worst/scale <= tol) {
		t.Errorf("%s: the largest difference is %g, expected at most %g", name, worst/scale, tol)
	}
}

// examples are the reference's images and labels.
type examples struct {
	images []float32 // [N,1,28,28]
	labels []int
}

func (e examples) Len() int            { return len(e.labels) }
func (e examples) ExampleShape() []int { return []int{1, 28, 28} }
func (e examples) Label(i int) int     { return e.labels[i] }
func (e examples) Gather(dst []float32, indices []int) {
	for i, index := range indices {
		copy(dst[784*i:784*(i+1)], e.images[784*index:])
	}
}

// TestReference compares with PyTorch in full: images as prepared, logits,
// loss, the gradients towards the dense layers, the losses of ten momentum
// steps and the weights after them. PyTorch's numbers were computed in float64
// from the same float32 weights and images.
func TestReference(t *testing.T) {
	ref := readReference(t)
	data := examples{ref.values(t, "images"), ref.digits}

	set, _ := sample(t, 2000)
	for i, digit := range ref.digits { // the first of each in the sample
		first := 0
		for set.Label(first) != digit {
			first++
		}
		image := make([]float32, 784)
		set.Gather(image, []int{first})
		for j, x := range image {
			if math.Abs(float64(x-data.images[784*i+j])) > 1e-6 {
				t.Fatalf("image %d of the reference is not the sample's first %d, or was prepared otherwise", i, digit)
			}
		}
	}

	trainer := newTrainer(t, ref.spec, ref.weights, model.Last(2), data.Len(), ref.solver)
	net, err := trainer.Net().ForEvaluation(data.Len())
	must(t, err)
	evaluator, err := train.NewEvaluator(net)
	must(t, err)
	defer evaluator.Close()
	logits, err := evaluator.Logits(data, upTo(data.Len()))
	must(t, err)
	ref.near(t, "logits", logits, 2e-6)

	losses := make([]float32, 10)
	for step := range losses {
		r, err := trainer.Step(data, upTo(data.Len()))
		must(t, err)
		losses[step] = float32(r.Loss)
		if step == 0 {
			ref.near(t, "loss", losses[:1], 1e-6)
			for _, name := range trainer.Net().TrainedWeights() {
				ref.near(t, "gradient."+name, gradient(t, trainer, name), 2e-6)
			}
		}
	}
	ref.near(t, "losses", losses, 5e-6)
	ref.near(t, "after.fc2/W", ref.weights.Get("fc2/W").Float32s(), 5e-6)
	ref.near(t, "after.fc2/b", ref.weights.Get("fc2/b").Float32s(), 5e-6)
}
