package picture_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg/draw"
)

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
	length      float64 // as said in the file, for whatever font it is shown in
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
				text = &line{x: number(t, attributes["x"]), y: -number(t, attributes["y"]), length: number(t, attributes["textLength"])}
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
		if math.Abs(l.length-l.width) > 0.1 {
			t.Errorf("%s: %q is %.1f long by the file, %.1f by its font", reason, l.s, l.length, l.width)
		}
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
