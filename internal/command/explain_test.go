package command

import (
	"encoding/json"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
)

// seedNetwork writes the seed network with fresh weights and returns the file.
func seedNetwork(t *testing.T) string {
	t.Helper()
	data, _, err := dataset.Open("sample", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w, err := model.Init(model.DeepMNIST(), rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "seed.safetensors")
	if err := weightfile.Write(path, &model.Network{Spec: model.DeepMNIST(), Classes: data.Classes, Prep: data.Prep, Weights: w}); err != nil {
		t.Fatal(err)
	}
	return path
}

// explained runs explain on the sample, quickly, and returns what it prints
// as JSON.
func explained(t *testing.T, from string, more ...string) explain.Report {
	t.Helper()
	args := append([]string{"explain", "--from", from, "--data", "sample", "--batch", "8", "--steps", "1", "--json", "--quiet"}, more...)
	var line explain.Report
	r := ok(t, args...)
	d := json.NewDecoder(strings.NewReader(r.out))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		t.Fatalf("%s: %v", r.args, err)
	}
	return line
}

func wayOf(t *testing.T, l explain.Report, name string) explain.Cost {
	t.Helper()
	for _, w := range l.Ways {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("found no way %q", name)
	return explain.Cost{}
}

// TestExplainLastLayer checks what issue 4 asks of the seed network: nothing
// at or below the frozen boundary is differentiated, no product is computed
// towards a frozen operand, and restricting the gradient changes no weight.
func TestExplainLastLayer(t *testing.T) {
	line := explained(t, seedNetwork(t), "--last", "1")
	if line.Trace != nil {
		t.Error("found a trace that was not asked for")
	}
	plan := wayOf(t, line, "last layer").Plan
	if got := strings.Join(plan.WithDerivative, " "); got != "fc2/W fc2/b fc2 loss" {
		t.Errorf("found derivatives of %s, expected fc2/W, fc2/b, fc2 and the loss alone", got)
	}
	for _, name := range []string{"images", "conv1", "conv1/W", "conv1/b", "conv2", "conv2/W", "conv2/b", "fc1", "fc1/W", "fc1/b", "drop"} {
		if !slices.Contains(plan.WithoutDerivative, name) {
			t.Errorf("%s is not among the nodes without a derivative: %v", name, plan.WithoutDerivative)
		}
	}
	var backward []string
	for _, o := range plan.Operators {
		if o.Backward {
			backward = append(backward, o.Node)
		}
	}
	// No "fc2 dx", the product towards the frozen side of the boundary, and
	// nothing of fc1, conv2 or conv1.
	if got := strings.Join(backward, ", "); got != "loss dx, fc2 dW, fc2 db" {
		t.Errorf("the backward pass is %s, expected loss dx, fc2 dW, fc2 db", got)
	}
	// Exactly 0, not merely small: every way runs the same operators in the
	// same order on the same numbers down to fc2, and sums are split into
	// parts whose number does not depend on the way.
	for _, way := range []string{"whole network", "whole, all but last 1 put back", "last 2 layers", "last layer", "last 2 layers, cut", "last layer, cut"} {
		if d, ok := line.Proof.Differences[way]; !ok || d != 0 {
			t.Errorf("%s: found the largest difference %g (told: %v), expected 0", way, d, ok)
		}
	}
	if line.Proof.LargestChange == 0 {
		t.Error("the step moved nothing: that no weights differ proves nothing")
	}
	for way, want := range map[string]bool{
		"whole network": false, "last 2 layers": false, "last 2 layers, cut": false, // they train fc1
		"whole, all but last 1 put back": true, "last layer": true, "last layer, cut": true,
	} {
		if line.Proof.FrozenIdentical[way] != want {
			t.Errorf("%s: found frozen weights identical: %v, expected %v", way, !want, want)
		}
	}
	for _, w := range line.Ways {
		p := w.Plan
		if p.Instructions == 0 || p.Instructions != p.Loads+p.Forward+p.Backward {
			t.Errorf("%s: the program has %d instructions, expected %d loads + %d forward + %d backward", w.Name, p.Instructions, p.Loads, p.Forward, p.Backward)
		}
		if w.Seconds <= 0 {
			t.Errorf("%s: found %g seconds a step", w.Name, w.Seconds)
		}
	}
	for i, l := range line.Layers {
		if cached := i < 8; l.Cached != cached || l.Trained != (l.Name == "fc2") {
			t.Errorf("%s: found cached %v and trained %v, expected the cut below drop and fc2 trained", l.Name, l.Cached, l.Trained)
		}
	}
}

// TestExplainMultiplyAdds counts the products for one image by hand.
//
// A layer's forward pass, for the seed network with ten classes. Each output
// pixel of each kernel takes one product a tap, those that fall on the padding
// too, since they are multiplied like any other:
//
//	conv1   28·28 pixels · 32 kernels · 1·5·5 taps  =    627,200
//	conv2   14·14 pixels · 64 kernels · 32·5·5 taps = 10,035,200
//	fc1     3136 · 1024                             =  3,211,264
//	fc2     1024 · 10                               =     10,240
//
// Backward, each product with W has two transposes of the same size: dW, where
// the layer is trained, and dx, where a layer below it is. Nothing is below
// conv1, so that it has no dx. Biases, ReLU, pooling, dropout and the loss
// have no product.
func TestExplainMultiplyAdds(t *testing.T) {
	slow(t)
	const (
		conv1 = 28 * 28 * 32 * 25
		conv2 = 14 * 14 * 64 * 800
		fc1   = 3136 * 1024
		fc2   = 1024 * 10
	)
	const forward = conv1 + conv2 + fc1 + fc2
	from := seedNetwork(t)
	want := map[string]int64{
		"whole network":                  forward + (fc2 + fc2) + (fc1 + fc1) + (conv2 + conv2) + conv1, // dW, dx; of conv1 dW alone
		"whole, all but last 2 put back": forward + (fc2 + fc2) + (fc1 + fc1) + (conv2 + conv2) + conv1, // the same, thrown away afterwards
		"last 2 layers":                  forward + (fc2 + fc2) + fc1,                                   // fc1 is lowest: dW alone
		"last layer":                     forward + fc2,                                                 // fc2 is lowest: dW alone
		"last 2 layers, cut":             (fc1 + fc2) + (fc2 + fc2) + fc1,                               // forward begins at fc1
		"last layer, cut":                fc2 + fc2,                                                     // forward begins at fc2
	}
	line := explained(t, from, "--last", "2")
	if len(line.Ways) != len(want) {
		t.Errorf("found %d ways, expected %d", len(line.Ways), len(want))
	}
	for _, w := range line.Ways {
		if w.Plan.MultiplyAdds != want[w.Name] {
			t.Errorf("%s: found %d multiply-adds an image, expected %d", w.Name, w.Plan.MultiplyAdds, want[w.Name])
		}
		var sum int64
		for _, o := range w.Plan.Operators {
			sum += o.MultiplyAdds
		}
		if sum != w.Plan.MultiplyAdds {
			t.Errorf("%s: the operators have %d multiply-adds, the plan tells of %d", w.Name, sum, w.Plan.MultiplyAdds)
		}
	}
	// Saving and putting back reads and writes each frozen number twice.
	frozen := int64(32*25 + 32 + 64*800 + 64)
	if got := wayOf(t, line, "whole, all but last 2 put back").Plan.Bytes - wayOf(t, line, "whole network").Plan.Bytes; got != frozen*4*4 {
		t.Errorf("putting back costs %d bytes, expected %d", got, frozen*4*4)
	}

	// The extremes: three layers, and all, where the cut has nothing below it.
	line = explained(t, from, "--last", "3")
	for name, want := range map[string]int64{
		"last 3 layers":      forward + (fc2 + fc2) + (fc1 + fc1) + conv2,
		"last 3 layers, cut": forward - conv1 + (fc2 + fc2) + (fc1 + fc1) + conv2,
	} {
		if got := wayOf(t, line, name).Plan.MultiplyAdds; got != want {
			t.Errorf("%s: found %d multiply-adds an image, expected %d", name, got, want)
		}
	}
	line = explained(t, from, "--last", "4")
	for _, name := range []string{"last 4 layers", "last 4 layers, cut"} {
		if got := wayOf(t, line, name).Plan.MultiplyAdds; got != want["whole network"] {
			t.Errorf("%s: found %d multiply-adds an image, expected %d, those of the whole network", name, got, want["whole network"])
		}
		if line.Proof.Differences[name] != 0 || !line.Proof.FrozenIdentical[name] {
			t.Errorf("%s: found another result than that of the whole network", name)
		}
	}
}

// TestExplainTrace looks at --trace, in JSON and as a table.
func TestExplainTrace(t *testing.T) {
	slow(t)
	from := seedNetwork(t)
	line := explained(t, from, "--last", "2", "--trace")
	var nodes []string
	for _, l := range line.Trace {
		if l.Kind != "constant" {
			nodes = append(nodes, l.Node)
		}
	}
	const want = "conv1, conv2, fc1, drop, fc2, loss, loss dx, fc2 dW, fc2 db, fc2 dx, drop dx, fc1 dz, fc1 dW, fc1 db, fc1/W, fc1/b, fc2/W, fc2/b"
	if got := strings.Join(nodes, ", "); got != want {
		t.Errorf("found the trace %s, expected %s", got, want)
	}
	r := ok(t, "explain", "--from", from, "--batch", "8", "--steps", "1", "--trace", "--quiet")
	for _, says := range []string{"frozen, constant", "trained, variable", "With a derivative:    [fc2/W fc2/b fc2 loss]", "bit-identical", "changed: it trains them", "cross-entropy grad"} {
		if !strings.Contains(r.out, says) {
			t.Errorf("%s: found %q, expected it to say %q", r.args, r.out, says)
		}
	}
	if strings.Contains(r.out, "CHANGED") {
		t.Errorf("%s: a frozen weight changed: %s", r.args, r.out)
	}
}

// TestExplainGraph draws into each kind of file.
func TestExplainGraph(t *testing.T) {
	from := pretrained()
	t.Chdir(t.TempDir())
	for _, test := range []struct{ file, begins, holds string }{
		{"graph.svg", "<?xml", "computed once"},
		{"graph.dot", "digraph layers {", "conv1 + relu1 + pool1"},
	} {
		ok(t, "explain", "--from", from, "--batch", "8", "--steps", "1", "--quiet", "--graph", test.file)
		if content := string(readFile(t, test.file)); !strings.HasPrefix(content, test.begins) || !strings.Contains(content, test.holds) {
			t.Errorf("%s: does not begin with %q and hold %q", test.file, test.begins, test.holds)
		}
	}
	ok(t, "explain", "--from", from, "--batch", "8", "--steps", "1", "--quiet", "--graph", "nodes.dot", "--nodes")
	if content := string(readFile(t, "nodes.dot")); !strings.HasPrefix(content, "digraph nodes {") || !strings.Contains(content, "fc2 dW") {
		t.Error("nodes.dot: holds no fc2 dW")
	}
}

// TestExplainRefuses gives explain what it cannot obey.
func TestExplainRefuses(t *testing.T) {
	slow(t)
	from := pretrained()
	for _, test := range []struct {
		args []string
		say  []string
	}{
		{nil, []string{"--from", "mnist train"}},
		{[]string{"--from", from, "--graph", "graph.gif"}, []string{`"graph.gif"`, ".svg, .png or .dot"}},
		{[]string{"--from", from, "--graph", "graph"}, []string{`"graph"`}},
		{[]string{"--from", from, "--graph", "graph.svg", "--nodes"}, []string{"--nodes", `"graph.svg"`, ".dot"}},
		{[]string{"--from", from, "--graph", "graph.png", "--nodes"}, []string{"--nodes", `"graph.png"`, ".dot"}},
		{[]string{"--from", from, "--nodes"}, []string{"--nodes", "--graph"}},
		{[]string{"--from", from, "--last", "0"}, []string{"last 0", "1 to 4"}},
		{[]string{"--from", from, "--last", "5"}, []string{"last 5", "conv1, conv2, fc1, fc2"}},
		{[]string{"--from", from, "--batch", "0"}, []string{"--batch 0"}},
		{[]string{"--from", from, "--steps", "0"}, []string{"--steps 0"}},
	} {
		t.Chdir(t.TempDir())
		r := mnist(t, append([]string{"explain", "--quiet"}, test.args...)...)
		r.refused(t, exitUsage, test.say...)
		if found := files(t, "."); found != "" || r.out != "" {
			t.Errorf("%s: left the files %s and %q on standard output", r.args, found, r.out)
		}
	}
}
