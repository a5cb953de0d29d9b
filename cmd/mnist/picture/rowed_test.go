package picture_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
)

// TestSVGOfBlocks looks at the pictures of networks of many layers: they can be
// read, are not too wide for a page, and say what they should.
func TestSVGOfBlocks(t *testing.T) {
	of := func(arch string, size int) model.Spec {
		spec, err := zoo.Spec(arch, 5, size)
		if err != nil {
			t.Fatal(err)
		}
		return spec
	}
	for _, test := range []struct {
		reason    string
		spec      model.Spec
		selection model.Selection
		says      []string
		gradients int // boxes of the gradient's way, the loss not counted
	}{
		{"ResNet-18, last layer", of("resnet18", 64), model.Last(1), []string{"conv1 + bn1 + relu", "layer1.0", "layer4.1", "7 layers", "15 tensors", "computed once", "the cut"}, 1},
		{"ResNet-18, inside a block", of("resnet18", 64), model.Last(2), []string{"layer4.0", "layer4.1.conv1 + bn1 + relu", "layer4.1.conv2 … relu3", "3 of 5 tensors", "dW, dscale, dbias"}, 4},
		{"ResNet-18, last stage", of("resnet18", 64), model.Layers("layer4*"), []string{"layer4.0", "9 of 15 tensors", "of 9 tensors", "passes through"}, 5},
		{"all", of("squeezenet1_1", 64), model.All(), []string{"features.12", "classifier.1 + 2"}, 16},
		{"no prefixes", smallnet.Residual(), model.Layers("down"), []string{"conv2 … relu2", "from conv3", "add2 + relu3", "computed once"}, 5},
		{"a path over another", smallnet.Residual(), model.Layers("conv2"), []string{"conv1 + bn1 + relu1", "bn2", "add1 + relu2", "computed once"}, 9},
	} {
		g := graphOf(t, trainer(t, test.spec, test.selection))
		d := parse(t, g)
		d.wantReadable(t, test.reason)
		if d.width > 1000 {
			t.Errorf("%s: found a width of %.0f points, expected at most 1000", test.reason, d.width)
		}
		drawn := "\n" + d.all()
		for _, says := range test.says {
			if !strings.Contains(drawn, "\n"+says+"\n") {
				t.Errorf("%s: found no text %q", test.reason, says)
			}
		}
		if n := strings.Count(drawn, "\ngradient\n"); n != test.gradients {
			t.Errorf("%s: found %d boxes of the gradient, expected %d", test.reason, n, test.gradients)
		}
		file, err := g.SVG()
		if err != nil {
			t.Fatal(err)
		}
		cut := strings.Contains(drawn, "the cut")
		for colour, want := range map[string]bool{"#D9D9D9": true, "#F4A742": true, "#1F4E8C": true, "#B3261E": cut} { // constant, variable, gradient, the cut
			if bytes.Contains(file, []byte(colour)) != want {
				t.Errorf("%s: found the colour %s: %v, expected %v", test.reason, colour, !want, want)
			}
		}
	}
}

// TestDOTOfBranches: the picture for Graphviz has an edge for each layer that is
// read, and for each gradient.
func TestDOTOfBranches(t *testing.T) {
	nodes, edges := readDOT(t, graphOf(t, trainer(t, smallnet.Residual(), model.Layers("down"))).DOT())
	// images, conv1, conv2 with the first addition, conv3, down, add2, pool, drop,
	// fc, loss; weights of five.
	if len(nodes) != 10+5 {
		t.Errorf("found %d nodes, expected 15: %v", len(nodes), nodes)
	}
	// Nine forward along the chain, and conv1 to conv2 once more is none; relu2 is
	// read by down too, conv3 by add2. Five of weights; the gradient from loss to
	// fc, drop, pool, add2 and down.
	if len(edges) != 10+5+5 {
		t.Errorf("found %d edges, expected 20: %v", len(edges), edges)
	}
}
