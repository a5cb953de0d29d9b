package explain_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/explain"
)

// TestReport makes sure that the text says what the figures are, a line for each
// layer, each way and each instruction.
func TestReport(t *testing.T) {
	data, _ := smallnet.Sample(t, 40, 10)
	n, err := model.New(chain(), data.Classes, data.Prep, rand.New(rand.NewPCG(1, 2)))
	smallnet.Must(t, err)
	c, err := explain.Compare(t.Context(), n, data, 1, 16)
	smallnet.Must(t, err)
	defer c.Close()
	var told []int // steps, the first ones those of the proof
	r, err := c.Report(t.Context(), 2, true, func(done, of int) { told = append(told, done, of) })
	smallnet.Must(t, err)
	steps := 3 * len(r.Ways)
	if len(told) != 2*steps || told[0] != 1 || told[1] != steps || told[len(told)-2] != steps || r.Last != 1 || r.Batch != 16 || len(r.Trace) == 0 || len(r.Proof.Differences) == 0 {
		t.Errorf("found the progress %v and %+v", told, r)
	}
	text := r.String()
	for _, want := range []string{"1. What is trained: the last layer\n", "2. What a step of 16 images costs", "3. The proof", "4. One step", "changed: it trains them", "bit-identical"} {
		if !strings.Contains(text, want) {
			t.Errorf("found\n%s\nexpected it to say %q", text, want)
		}
	}
	if strings.Contains(text, "CHANGED") {
		t.Errorf("found\n%s\nexpected no frozen weight to be changed", text)
	}
	for _, l := range r.Layers {
		if n := strings.Count(text, "\n"+l.Name+" "); n < 1 {
			t.Errorf("found no line of %s", l.Name)
		}
	}
	r.Trace, r.Last = nil, 2
	r.Proof.FrozenIdentical[explain.LastName(1, true)] = false
	if text := r.String(); strings.Contains(text, "4. One step") || !strings.Contains(text, "the last 2 layers\n") || !strings.Contains(text, "CHANGED, and should not have") {
		t.Errorf("found\n%s\nexpected no trace, 2 layers, and a changed weight", text)
	}
}

// TestReportOfBlocks makes sure that the table of a network with normalisations
// says which are folded, and stays in columns where names are long.
func TestReportOfBlocks(t *testing.T) {
	data, _ := smallnet.Sample(t, 40, 10)
	spec := smallnet.Residual()
	long := "layer1.0.downsample.0"
	for i, l := range spec.Layers {
		if l.Name == "down" {
			spec.Layers[i].Name = long
		}
		for j, in := range l.Inputs {
			if in == "down" {
				spec.Layers[i].Inputs[j] = long
			}
		}
	}
	n, err := model.New(spec, data.Classes, data.Prep, rand.New(rand.NewPCG(1, 2)))
	smallnet.Must(t, err)
	c, err := explain.Compare(t.Context(), n, data, 1, 8)
	smallnet.Must(t, err)
	defer c.Close()
	r, err := c.Report(t.Context(), 1, false, nil)
	smallnet.Must(t, err)
	text := r.String()
	for _, want := range []string{"frozen, constant, folded into conv1   ", "frozen, constant, folded into conv2   "} {
		if !strings.Contains(text, want) {
			t.Errorf("found\n%s\nexpected it to say %q", text, want)
		}
	}
	lines := strings.Split(text, "\n")
	at := strings.Index(lines[2], "with the cut")
	for _, line := range lines[3 : 3+len(spec.Layers)] {
		if at < 0 || len(line) < at || line[at-1] != ' ' || !strings.HasPrefix(line[at:], "once") && !strings.HasPrefix(line[at:], "each step") {
			t.Errorf("found the line %q, expected its last column at %d", line, at)
		}
	}
}

func TestLayerTable(t *testing.T) {
	got, err := explain.LayerTable(model.DeepMNIST(), []string{"fc2/W", "fc2/b"})
	smallnet.Must(t, err)
	const want = `layer    kernel           parameters
conv1    [32 1 5 5]              832   frozen (constant)
conv2    [64 32 5 5]           51264   frozen (constant)
fc1      [3136 1024]         3212288   frozen (constant)
fc2      [1024 10]             10250   trained (variable)
`
	if got != want {
		t.Errorf("found\n%s\nexpected\n%s", got, want)
	}
	if _, err := explain.LayerTable(model.Spec{}, nil); err == nil {
		t.Error("found no error of a spec that has no layers")
	}
}
