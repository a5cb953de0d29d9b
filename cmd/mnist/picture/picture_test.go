package picture_test

import (
	"bytes"
	"image/png"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

func trainer(t *testing.T, spec model.Spec, selection model.Selection, opts ...model.Option) *train.Trainer {
	t.Helper()
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	net, err := model.Build(smallnet.Of(spec, w), selection, append(opts, model.Batch(2))...)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := train.New(net, train.NewSGD(0.1), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	})
	return tr
}

func graphOf(t *testing.T, tr *train.Trainer) picture.Graph {
	t.Helper()
	g, err := picture.Of(tr)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestSVG looks at the picture of the seed network for each selection.
func TestSVG(t *testing.T) {
	for _, test := range []struct {
		reason    string
		selection model.Selection
		opts      []model.Option
		input     string
		layers    []string // the names that must be drawn once
		cut       bool
		gradients int // boxes of the gradient's way, the loss not counted
	}{
		{"all", model.All(), nil, "images", []string{"conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc1", "relu3", "drop", "fc2"}, false, 5},
		{"last two", model.Last(2), nil, "images", []string{"conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc1", "relu3", "drop", "fc2"}, true, 3},
		{"last", model.Last(1), nil, "images", []string{"conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc1", "relu3", "drop", "fc2"}, true, 1},
		{"one in the middle", model.Layers("fc1"), nil, "images", []string{"conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc1", "relu3", "drop", "fc2"}, true, 3},
		{"a head", model.Last(2), []model.Option{headFrom(6, "pool2", 64, 7, 7)}, "features", []string{"fc1", "relu3", "drop", "fc2"}, true, 3},
	} {
		d := parse(t, graphOf(t, trainer(t, model.DeepMNIST(), test.selection, test.opts...)))
		d.wantReadable(t, test.reason)
		drawn := d.all()
		var names []string
		for _, l := range d.texts {
			names = append(names, strings.Split(l.s, " + ")...)
		}
		count := func(name string) int {
			n := 0
			for _, other := range names {
				if other == name {
					n++
				}
			}
			return n
		}
		for _, name := range append([]string{test.input, "loss"}, test.layers...) {
			if n := count(name); n != 1 {
				t.Errorf("%s: %s is drawn %d times, expected once", test.reason, name, n)
			}
		}
		if cut := strings.Contains(drawn, "computed once"); cut != test.cut {
			t.Errorf("%s: found a cut: %v, expected %v", test.reason, cut, test.cut)
		}
		if n := count("gradient"); n != test.gradients {
			t.Errorf("%s: found %d boxes of the gradient, expected %d", test.reason, n, test.gradients)
		}
	}
}

// TestSVGOfOtherNetworks draws what is shorter, or has longer names, than the
// seed network, and a dropout layer that is not in the graph.
func TestSVGOfOtherNetworks(t *testing.T) {
	long := strings.Repeat("W", 64)
	for _, test := range []struct {
		reason    string
		spec      model.Spec
		selection model.Selection
		says      string
		opts      []model.Option
	}{
		{"one layer", model.Spec{Input: []int{4}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense{Out: 2}}}}, model.All(), "gradient of the loss", nil},
		{"a long name", model.Spec{Input: []int{4}, Layers: []model.Layer{{Name: long, Kind: model.Dense{Out: 2}}}}, model.All(), "…", nil},
		{"a dropout layer of rate 0 at the cut", model.Spec{Input: []int{4}, Layers: []model.Layer{
			{Name: "fc1", Kind: model.Dense{Out: 3}}, {Name: "drop", Kind: model.Dropout{}}, {Name: "fc2", Kind: model.Dense{Out: 2}},
		}}, model.Last(1), "computed once", nil},
		{"a head of one layer", model.DeepMNIST(), model.Last(1), "the cut", []model.Option{headFrom(9, "drop", 1024)}},
	} {
		d := parse(t, graphOf(t, trainer(t, test.spec, test.selection, test.opts...)))
		d.wantReadable(t, test.reason)
		if !strings.Contains(d.all(), test.says) {
			t.Errorf("%s: found the texts %q, expected %q among them", test.reason, d.all(), test.says)
		}
	}
}

// TestPNG decodes the picture and compares its size and colours with the SVG.
func TestPNG(t *testing.T) {
	g := graphOf(t, trainer(t, model.DeepMNIST(), model.Last(2)))
	data, err := g.PNG()
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	d := parse(t, g)
	if got := m.Bounds().Size(); float64(got.X) != 2*d.width || float64(got.Y) != 2*d.height {
		t.Errorf("found %v, expected twice %.0f by %.0f", got, d.width, d.height)
	}
	seen := map[[3]uint32]int{}
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			r, g, b, _ := m.At(x, y).RGBA()
			seen[[3]uint32{r >> 8, g >> 8, b >> 8}]++
		}
	}
	var greys []float64
	for _, c := range [][3]uint32{{217, 217, 217}, {244, 167, 66}, {31, 78, 140}} { // constant, variable, gradient
		if seen[c] < 5000 {
			t.Errorf("found %d pixels of %v, expected boxes of that colour", seen[c], c)
		}
		greys = append(greys, 0.299*float64(c[0])+0.587*float64(c[1])+0.114*float64(c[2]))
	}
	slices.Sort(greys)
	for i := 1; i < len(greys); i++ {
		if greys[i]-greys[i-1] < 25 {
			t.Errorf("printed in grey the colours are %v of 255: too near", greys)
		}
	}
}

// headFrom returns what builds the layers of model.DeepMNIST from an index on,
// on the output of the layer below.
func headFrom(from int, below string, shape ...int) model.Option {
	c := model.Cut{Features: []model.Feature{{Layer: below, Shape: shape}}}
	for i, l := range model.DeepMNIST().Layers {
		if i < from {
			c.Trunk = append(c.Trunk, l.Name)
		} else {
			c.Head = append(c.Head, l.Name)
		}
	}
	return model.HeadOf(c)
}
