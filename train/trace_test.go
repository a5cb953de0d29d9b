package train_test

import (
	"math"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"gorgonia.org/gorgonia"
)

// TestTrace follows a step and compares what it tells with the plan, with
// norms of its own, and with a step that nobody watched.
func TestTrace(t *testing.T) {
	data, _ := sample(t, 32)
	for _, selection := range []model.Selection{model.All(), model.Last(1), model.Last(2), model.Layers("fc1")} {
		trainer := newTrainer(t, small(), initial(t, small()), selection, 16, momentum())
		silent := newTrainer(t, small(), initial(t, small()), selection, 16, momentum())
		net := trainer.Net()
		var lines []train.TraceLine
		for step := range 2 { // the second with a state in the solver
			before := net.Weights().Clone()
			var report train.StepReport
			var err error
			lines, report, err = trainer.Trace(data, upTo(32)[16*step:16*step+16])
			must(t, err)
			unwatched, err := silent.Step(data, upTo(32)[16*step:16*step+16])
			must(t, err)
			if report != unwatched {
				t.Errorf("%s: found the report %+v, expected that of Step, %+v", selection, report, unwatched)
			}
			wantSame(t, selection.String()+", traced against not", net.Weights(), silent.Net().Weights())
			wantUpdates(t, lines, trainer, before)
		}
		wantPlan(t, lines, trainer.Plan())
		byNode := map[string]train.TraceLine{}
		for _, l := range lines {
			if l.Kind != "update" {
				byNode[l.Node] = l
			}
		}
		for _, s := range net.Steps() {
			l := byNode[s.Node.Name()]
			wantNorm(t, s.Node.Name(), l.Norm, s.Node.Value().Data().([]float32))
			if deriv := s.Node.Deriv(); (deriv == nil) != (l.Gradient == nil) {
				t.Errorf("%s, %s: found gradient %v in the trace, and %v in the graph", selection, l.Node, l.Gradient, deriv)
			} else if deriv != nil {
				wantNorm(t, "gradient towards "+l.Node, *l.Gradient, deriv.Value().Data().([]float32))
			}
			if !slices.Equal(l.Output, []int(s.Node.Shape())) {
				t.Errorf("%s: found shape %v, expected %v", l.Node, l.Output, s.Node.Shape())
			}
		}
		loss := byNode["loss"]
		if want := float64(*trainer.Loss().Value().(*gorgonia.F32)); loss.Norm != want || loss.Gradient == nil || *loss.Gradient != 1 {
			t.Errorf("loss: found %+v, expected the value %g and the gradient 1", loss, want)
		}
		if l := byNode["fc2"]; len(l.Inputs) != 3 || !slices.Equal(l.Inputs[0], []int{16, 32}) || !slices.Equal(l.Inputs[1], []int{32, 10}) || !slices.Equal(l.Inputs[2], []int{10}) {
			t.Errorf("fc2: found inputs %v, expected [16 32], [32 10], [10]", l.Inputs)
		}
	}
}

// wantPlan fails unless each operator of the plan is in the trace once, in the
// plan's order, and nothing else is but constants and updates.
func wantPlan(t *testing.T, lines []train.TraceLine, plan train.Plan) {
	t.Helper()
	type operator struct {
		node, kind string
		backward   bool
	}
	var got, want []operator
	for _, l := range lines {
		if l.Kind != "constant" && l.Kind != "update" {
			got = append(got, operator{l.Node, l.Kind, l.Backward})
		}
	}
	for _, o := range plan.Operators {
		want = append(want, operator{o.Node, o.Kind, o.Backward})
	}
	if !slices.Equal(got, want) {
		t.Errorf("found the operators\n%v, expected those of the plan\n%v", got, want)
	}
}

// wantUpdates fails unless the trace ends with a line for each trained weight,
// with the norms of its gradient and of its change.
func wantUpdates(t *testing.T, lines []train.TraceLine, trainer *train.Trainer, before *model.Weights) {
	t.Helper()
	names := trainer.Net().TrainedWeights()
	if len(lines) < len(names) {
		t.Fatalf("found %d lines, expected more than the %d updates", len(lines), len(names))
	}
	for i, l := range lines[len(lines)-len(names):] {
		if l.Node != names[i] || l.Kind != "update" || l.Gradient == nil {
			t.Errorf("found %+v, expected the update of %s", l, names[i])
			continue
		}
		wantNorm(t, "gradient towards "+l.Node, *l.Gradient, gradient(t, trainer, l.Node))
		change := slices.Clone(trainer.Net().Weights().Get(l.Node).Float32s())
		for j, v := range before.Get(l.Node).Float32s() {
			change[j] -= v
		}
		wantNorm(t, "change of "+l.Node, l.Norm, change)
	}
}

func wantNorm(t *testing.T, what string, got float64, values []float32) {
	t.Helper()
	if want := euclid(values); math.Abs(got-want) > 1e-6*want || want == 0 {
		t.Errorf("%s: found norm %g, expected %g", what, got, want)
	}
}

// TestTraceSmallBatch follows a batch smaller than the graph's after a full
// one: what the full one left in the buffers must not be in the norms.
func TestTraceSmallBatch(t *testing.T) {
	data, _ := sample(t, 32)
	spec := withoutDropout()
	const few = 5
	full := newTrainer(t, spec, initial(t, spec), model.Last(2), 16, momentum())
	_, err := full.Step(data, upTo(16))
	must(t, err)
	exact := newTrainer(t, spec, full.Net().Weights().Clone(), model.Last(2), few, momentum())
	got, _, err := full.Trace(data, upTo(few))
	must(t, err)
	want, _, err := exact.Trace(data, upTo(few))
	must(t, err)
	if len(got) != len(want) {
		t.Fatalf("found %d lines, expected %d", len(got), len(want))
	}
	for i, l := range want {
		if l.Kind == "update" {
			continue // the full one's solver remembers its first step
		}
		if g := got[i]; g.Node != l.Node || math.Abs(g.Norm-l.Norm) > 1e-5*l.Norm {
			t.Errorf("found %s of norm %g, expected %s of %g", g.Node, g.Norm, l.Node, l.Norm)
		}
		if g := got[i].Gradient; (g == nil) != (l.Gradient == nil) || g != nil && math.Abs(*g-*l.Gradient) > 1e-5**l.Gradient {
			t.Errorf("%s: found gradient %v, expected %v", l.Node, g, l.Gradient)
		}
	}
}
