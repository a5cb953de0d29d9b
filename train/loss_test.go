package train_test

import (
	"math"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// TestLoss compares the loss that is trained with the formula in float64 on
// the logits before the step, and with what Evaluate says.
func TestLoss(t *testing.T) {
	data, _ := sample(t, 40)
	spec := withoutDropout()
	trainer := newTrainer(t, spec, initial(t, spec), model.All(), 40, momentum())
	net, err := trainer.Net().ForEvaluation(64)
	must(t, err)
	evaluator, err := train.NewEvaluator(net)
	must(t, err)
	defer evaluator.Close()
	for range 5 {
		logits, err := evaluator.Logits(data, upTo(40))
		must(t, err)
		want, correct := 0.0, 0
		for i := range 40 {
			row := logits[10*i : 10*i+10]
			p := train.Softmax(row)
			sum := 0.0
			for k, x := range row {
				sum += math.Exp(float64(x))
				if p[k] < 0 || p[k] > 1 {
					t.Errorf("found probability %g", p[k])
				}
			}
			loss := math.Log(sum) - float64(row[data.Label(i)])
			if got := -math.Log(p[data.Label(i)]); math.Abs(got-loss) > 1e-9 {
				t.Errorf("found −log of the label's probability %g, expected the loss %g", got, loss)
			}
			want += loss / 40
			if slices.Index(p, slices.Max(p)) == data.Label(i) {
				correct++
			}
		}
		m := evaluate(t, trainer, data)
		r, err := trainer.Step(data, upTo(40))
		must(t, err)
		if math.Abs(r.Loss-want) > 2e-6 || math.Abs(m.Loss-want) > 1e-9 || r.Correct != correct || m.Correct != correct {
			t.Errorf("found %+v in the step and %+v in evaluation, expected loss %g and %d correct", r, m, want, correct)
		}
	}
}

// TestSoftmaxOfLargeLogits makes sure that nothing overflows.
func TestSoftmaxOfLargeLogits(t *testing.T) {
	if got := train.Softmax([]float32{1000, 1000, -1000}); got[0] != 0.5 || got[1] != 0.5 || got[2] != 0 {
		t.Errorf("found %v, expected a half, a half and nothing", got)
	}
}

// TestEvaluate makes sure that the confusion matrix accounts for every
// example, whatever the batch.
func TestEvaluate(t *testing.T) {
	_, test := sample(t, 10)
	spec := small()
	w := initial(t, spec)
	var first train.Metrics
	for _, batch := range []int{500, 64, 1} {
		net, err := model.Build(smallnet.Of(spec, w), model.None(), model.Batch(batch))
		must(t, err)
		evaluator, err := train.NewEvaluator(net)
		must(t, err)
		defer evaluator.Close()
		m, err := evaluator.Evaluate(t.Context(), test)
		must(t, err)
		all, diagonal := 0, 0
		for label, row := range m.Confusion {
			n := 0
			for _, count := range row {
				n += count
			}
			if n != test.Counts()[label] {
				t.Errorf("batch %d, label %d: found %d examples, expected %d", batch, label, n, test.Counts()[label])
			}
			all, diagonal = all+n, diagonal+row[label]
		}
		if all != m.Examples || diagonal != m.Correct || m.Accuracy() != float64(diagonal)/500 {
			t.Errorf("batch %d: found %+v, expected %d examples and %d correct", batch, m, all, diagonal)
		}
		if batch == 500 {
			first = m
		}
		if math.Abs(m.Loss-first.Loss) > 1e-6 {
			t.Errorf("batch %d: found loss %g, expected %g", batch, m.Loss, first.Loss)
		}
	}
	whole, err := train.Evaluate(t.Context(), smallnet.Of(spec, w), test)
	must(t, err)
	if whole.Loss != first.Loss || whole.Correct != first.Correct {
		t.Errorf("found %+v of the whole network, expected %+v", whole, first)
	}
	_, err = train.Evaluate(t.Context(), nil, test)
	wantError(t, "no network", err, model.ErrNetwork)
	net, err := model.Build(smallnet.Of(spec, w), model.None())
	must(t, err)
	oddOne, err := train.NewEvaluator(net)
	must(t, err)
	_, err = oddOne.Evaluate(t.Context(), odd{[]int{1, 28, 28}, []int{10}})
	wantError(t, "a label too large", err, train.ErrData, "found 10")
}

// TestDropout makes sure that masks are 0 or 1/(1-rate), in that proportion,
// and that they come from the seed.
func TestDropout(t *testing.T) {
	data, _ := sample(t, 100)
	masks := func(rate float64, seed uint64) (two [2][]float32) {
		spec := small()
		spec.Layers[8].Kind = model.Dropout{Rate: rate}
		net, err := model.Build(smallnet.Of(spec, initial(t, spec)), model.Last(1), model.Batch(100))
		must(t, err)
		trainer, err := train.New(net, momentum(), seed)
		must(t, err)
		defer trainer.Close()
		for i := range two {
			_, err := trainer.Gradients(data, upTo(100))
			must(t, err)
			two[i] = slices.Clone(net.Masks()[0].Values)
		}
		return two
	}
	for _, rate := range []float64{0.1, 0.5, 0.75} {
		m := masks(rate, 1)
		if slices.Equal(m[0], m[1]) {
			t.Errorf("rate %g: found the same mask in two steps", rate)
		}
		if again := masks(rate, 1); !slices.Equal(m[0], again[0]) || !slices.Equal(m[1], again[1]) {
			t.Errorf("rate %g: found other masks for the same seed", rate)
		}
		if other := masks(rate, 2); slices.Equal(m[0], other[0]) {
			t.Errorf("rate %g: found the same mask for another seed", rate)
		}
		kept, zeros := float32(1/(1-rate)), 0
		all := slices.Concat(m[0], m[1])
		for _, v := range all {
			if v == 0 {
				zeros++
			} else if v != kept {
				t.Fatalf("rate %g: found %g in a mask, expected 0 or %g", rate, v, kept)
			}
		}
		n := float64(len(all)) // 6400: six standard deviations are below 0.04
		if got, margin := float64(zeros)/n, 6*math.Sqrt(rate*(1-rate)/n); math.Abs(got-rate) > margin {
			t.Errorf("rate %g: found a share of %g zeros, expected it within %g", rate, got, margin)
		}
	}
}
