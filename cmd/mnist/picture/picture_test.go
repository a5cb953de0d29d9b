package picture_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg/draw"
)

func trainer(t *testing.T, spec model.Spec, selection model.Selection, opts ...model.Option) *train.Trainer {
	t.Helper()
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	net, err := model.Build(spec, w, selection, append(opts, model.Batch(2))...)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := train.New(net, &train.SGD{LearningRate: 0.1}, 1)
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

// drawing is what a test reads out of an SVG file, with y upwards from the
// bottom, in points.
type drawing struct {
	width, height float64
	boxes         []box
	texts         []line
}

type box struct{ x0, y0, x1, y1 float64 }

type line struct {
	x, y, width float64
	s           string
}

func (l line) in(b box) bool { return b.x0 <= l.x && l.x <= b.x1 && b.y0 <= l.y && l.y <= b.y1 }

var (
	rectangle = regexp.MustCompile(`^M([\d.]+),([\d.]+)L([\d.]+),[\d.]+L[\d.]+,([\d.]+)L[\d.]+,[\d.]+Z$`)
	fontSize  = regexp.MustCompile(`font-size:([\d.]+)px`)
	viewBox   = regexp.MustCompile(`^0 0 ([\d.]+) ([\d.]+)$`)
)

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// parse reads the picture with a strict XML parser.
func parse(t *testing.T, g picture.Graph) drawing {
	t.Helper()
	data, err := g.SVG()
	if err != nil {
		t.Fatal(err)
	}
	var d drawing
	var text *line
	var size float64
	for decoder := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := decoder.Token()
		if err == io.EOF {
			return d
		}
		if err != nil {
			t.Fatalf("the SVG is not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Name.Local] = a.Value
			}
			switch token.Name.Local {
			case "svg":
				m := viewBox.FindStringSubmatch(attributes["viewBox"])
				if m == nil {
					t.Fatalf("found the view box %q", attributes["viewBox"])
				}
				d.width, d.height = number(t, m[1]), number(t, m[2])
			case "path":
				if m := rectangle.FindStringSubmatch(attributes["d"]); m != nil {
					d.boxes = append(d.boxes, box{number(t, m[1]), number(t, m[2]), number(t, m[3]), number(t, m[4])})
				}
			case "text":
				text = &line{x: number(t, attributes["x"]), y: -number(t, attributes["y"])}
				size = number(t, fontSize.FindStringSubmatch(attributes["style"])[1])
			}
		case xml.CharData:
			if text != nil {
				text.s += string(token)
			}
		case xml.EndElement:
			if token.Name.Local == "text" {
				style := draw.TextStyle{Font: font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, font.Length(size)), Handler: plot.DefaultTextHandler}
				text.width = float64(style.Width(text.s))
				d.texts = append(d.texts, *text)
				text = nil
			}
		}
	}
}

// boxOf returns the smallest box around a text, none where it stands free.
func (d drawing) boxOf(l line) (box, bool) {
	found, ok := box{}, false
	for _, b := range d.boxes {
		if l.in(b) && (!ok || b.x1-b.x0 < found.x1-found.x0) {
			found, ok = b, b.x1-b.x0 < d.width
		}
	}
	return found, ok
}

// wantReadable fails where a text leaves its box or the picture, or runs over
// another.
func (d drawing) wantReadable(t *testing.T, reason string) {
	t.Helper()
	for i, l := range d.texts {
		if b, ok := d.boxOf(l); ok && l.x+l.width > b.x1 {
			t.Errorf("%s: %q ends at %.0f, its box at %.0f", reason, l.s, l.x+l.width, b.x1)
		}
		if l.x < 0 || l.x+l.width > d.width || l.y < 0 || l.y > d.height {
			t.Errorf("%s: %q at %.0f,%.0f is %.0f wide and leaves the picture of %.0f by %.0f", reason, l.s, l.x, l.y, l.width, d.width, d.height)
		}
		for _, other := range d.texts[:i] {
			if l.x < other.x+other.width && other.x < l.x+l.width && l.y-other.y < 7 && other.y-l.y < 7 {
				t.Errorf("%s: %q runs over %q", reason, l.s, other.s)
			}
		}
	}
}

func (d drawing) all() string {
	var b strings.Builder
	for _, l := range d.texts {
		fmt.Fprintln(&b, l.s)
	}
	return b.String()
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
		{"one in the middle", model.Train("fc1"), nil, "images", []string{"conv1", "relu1", "pool1", "conv2", "relu2", "pool2", "fc1", "relu3", "drop", "fc2"}, true, 3},
		{"a head", model.Last(2), []model.Option{model.Layers(6, 10)}, "features", []string{"fc1", "relu3", "drop", "fc2"}, true, 3},
	} {
		d := parse(t, graphOf(t, trainer(t, model.Seed(), test.selection, test.opts...)))
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
		{"one layer", model.Spec{Input: []int{4}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense, Out: 2}}}, model.All(), "gradient of the loss", nil},
		{"a long name", model.Spec{Input: []int{4}, Layers: []model.Layer{{Name: long, Kind: model.Dense, Out: 2}}}, model.All(), "…", nil},
		{"a dropout layer of rate 0 at the cut", model.Spec{Input: []int{4}, Layers: []model.Layer{
			{Name: "fc1", Kind: model.Dense, Out: 3}, {Name: "drop", Kind: model.Dropout}, {Name: "fc2", Kind: model.Dense, Out: 2},
		}}, model.Last(1), "computed once", nil},
		{"a head of one layer", model.Seed(), model.Last(1), "the cut", []model.Option{model.Layers(9, 10)}},
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
	g := graphOf(t, trainer(t, model.Seed(), model.Last(2)))
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

var (
	dotNode = regexp.MustCompile(`^  (\w+) \[((?:\w+="(?:[^"\\]|\\.)*"|\w+=[\w.]+)(?:, (?:\w+="(?:[^"\\]|\\.)*"|\w+=[\w.]+))*)\];$`)
	dotEdge = regexp.MustCompile(`^  (\w+) -> (\w+)(?: \[.*\])?;$`)
)

// readDOT checks the syntax line by line and returns the nodes' attributes and
// the edges.
func readDOT(t *testing.T, text string) (nodes map[string]string, edges []string) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !regexp.MustCompile(`^digraph \w+ \{$`).MatchString(lines[0]) || lines[len(lines)-1] != "}" {
		t.Fatalf("found %q … %q, expected digraph name { … }", lines[0], lines[len(lines)-1])
	}
	if strings.Count(text, "{") != 1 || strings.Count(text, "[")-strings.Count(text, "]") != 0 || strings.Count(text, `"`)%2 != 0 {
		t.Error("the brackets or quotes are not balanced")
	}
	nodes = map[string]string{}
	for _, line := range lines[1 : len(lines)-1] {
		if m := dotEdge.FindStringSubmatch(line); m != nil {
			edges = append(edges, m[1]+" "+m[2])
		} else if m := dotNode.FindStringSubmatch(line); m != nil {
			if _, twice := nodes[m[1]]; twice {
				t.Errorf("the node %s is there twice", m[1])
			}
			nodes[m[1]] = m[2]
		} else if line != "  rankdir=LR;" {
			t.Errorf("found the line %q", line)
		}
	}
	delete(nodes, "node") // the defaults
	for _, e := range edges {
		for _, end := range strings.Fields(e) {
			if _, ok := nodes[end]; !ok {
				t.Errorf("the edge %s has no node %s", e, end)
			}
		}
	}
	return nodes, edges
}

// TestDOT checks the picture of the layers.
func TestDOT(t *testing.T) {
	nodes, edges := readDOT(t, graphOf(t, trainer(t, model.Seed(), model.Last(2))).DOT())
	// images, conv1, conv2, fc1, drop, fc2, loss; weights of four layers.
	if len(nodes) != 7+4 {
		t.Errorf("found %d nodes, expected 11: %v", len(nodes), nodes)
	}
	// Six steps forward, four of weights, three of the gradient: to fc2, drop,
	// fc1.
	if len(edges) != 6+4+3 {
		t.Errorf("found %d edges, expected 13: %v", len(edges), edges)
	}
}

// TestNodesDOT checks that every node of the graph is drawn, and every edge.
func TestNodesDOT(t *testing.T) {
	tr := trainer(t, model.Seed(), model.Last(2))
	nodes, edges := readDOT(t, graphOf(t, tr).NodesDOT())
	g := tr.Net().Scope().Graph()
	if len(nodes) != len(g.AllNodes()) {
		t.Errorf("found %d nodes, expected %d", len(nodes), len(g.AllNodes()))
	}
	count := 0
	for _, n := range g.AllNodes() {
		attributes := nodes[fmt.Sprintf("n%d", n.ID())]
		if !strings.HasPrefix(attributes, `label="`+n.Name()+`\n`) {
			t.Errorf("%s: found %q", n.Name(), attributes)
		}
		if bold := strings.Contains(attributes, "penwidth=3"); bold != (n.Deriv() != nil) {
			t.Errorf("%s: found a bold border: %v", n.Name(), bold)
		}
		count += g.From(n.ID()).Len()
	}
	if len(edges) != count {
		t.Errorf("found %d edges, expected %d", len(edges), count)
	}
	trained := 0
	for _, attributes := range nodes {
		if strings.Contains(attributes, "#f4a742") {
			trained++
		}
	}
	if trained != 4 {
		t.Errorf("found %d nodes in the colour of variables, expected 4", trained)
	}
}
