package picture_test

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/train"
	"gorgonia.org/tensor"
)

// pixelsOf counts the pixels of a colour.
func pixelsOf(img image.Image, c color.RGBA) int {
	n := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if color.RGBAModel.Convert(img.At(x, y)) == c {
				n++
			}
		}
	}
	return n
}

func svg(t *testing.T, p picture.Picture) string {
	t.Helper()
	data, err := p.SVG()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestHeatLevel(t *testing.T) {
	for _, c := range []struct{ count, total, want int }{{0, 0, 0}, {0, 10, 0}, {10, 10, 10}, {1, 10000, 1}, {1, 4, 5}, {999, 1000, 10}} {
		if got := picture.HeatLevel(c.count, c.total); got != c.want {
			t.Errorf("%d of %d: found %d, expected %d", c.count, c.total, got, c.want)
		}
	}
}

// TestConfusion looks for the cells' colours and counts.
func TestConfusion(t *testing.T) {
	p, err := picture.Confusion([]string{"a", "b&<c>"}, [][]int{{1234, 0}, {75, 25}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := p.PNG()
	img := decode(t, data, err)
	// Cells are 24 points or more, so 48 pixels; letters take some of them.
	if n := pixelsOf(img, color.RGBA{31, 78, 140, 255}); n < 40*40 || n > 70*70 {
		t.Errorf("found %d pixels of the darkest colour, expected those of one cell", n)
	}
	drawn := svg(t, p)
	for _, text := range []string{">1234<", ">75<", ">25<", ">b&amp;&lt;c&gt;<", ">true class<", ">given class<"} {
		if !strings.Contains(drawn, text) {
			t.Errorf("the picture does not say %s", text)
		}
	}
	if strings.Contains(drawn, ">0<") {
		t.Error("found a 0 in an empty cell")
	}
	for _, n := range []int{picture.CountedClasses + 1, picture.MaxClasses} {
		counts := make([][]int, n)
		for i := range counts {
			counts[i] = make([]int, n)
			counts[i][i] = 7
		}
		p, err := picture.Confusion(strings.Fields(strings.Repeat("name ", n)), counts)
		if err != nil {
			t.Fatal(err)
		}
		if drawn := svg(t, p); strings.Contains(drawn, ">7<") || !strings.Contains(drawn, "<image") || len(drawn) > 1<<20 {
			t.Errorf("%d classes: found counts, no image, or %d bytes", n, len(drawn))
		}
	}
	for _, n := range []int{0, picture.MaxClasses + 1} {
		if _, err := picture.Confusion(make([]string, n), make([][]int, n)); err == nil {
			t.Errorf("%d classes: found no error", n)
		}
	}
}

// TestKernels makes sure that the largest number is black, its negative white,
// 0 between, for both groups alike.
func TestKernels(t *testing.T) {
	kernel := func(values ...float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(1, 1, 1, len(values)), tensor.WithBacking(values))
	}
	p, drawn, black, err := picture.Kernels(picture.KernelGroup{Title: "before", Kernel: kernel(0.5, -0.5)}, picture.KernelGroup{Title: "after", Kernel: kernel(0, 0)})
	if err != nil || drawn != 1 || black != 0.5 {
		t.Fatalf("found %d kernels, black for %v, %v", drawn, black, err)
	}
	data, err := p.PNG()
	img := decode(t, data, err)
	for _, c := range []struct{ x, y, want int }{{12, 40, 0}, {36, 40, 255}, {12, 40 + 63, 128}} {
		if got := int(grey(img, c.x, c.y)); got != c.want {
			t.Errorf("found brightness %d at (%d,%d), expected %d", got, c.x, c.y, c.want)
		}
	}
	many := tensor.New(tensor.WithShape(65, 2, 1, 1), tensor.WithBacking(make([]float32, 130)))
	if _, drawn, _, err := picture.Kernels(picture.KernelGroup{Kernel: many}); err != nil || drawn != 64 {
		t.Errorf("found %d of 65 kernels drawn, %v, expected 64", drawn, err)
	}
	if _, _, _, err := picture.Kernels(picture.KernelGroup{Kernel: tensor.New(tensor.WithShape(2, 2), tensor.WithBacking(make([]float32, 4)))}); err == nil {
		t.Error("a dense layer's kernel: found no error")
	}
}

func TestMistakes(t *testing.T) {
	set, err := dataset.NewSet("two", []int{1, 2, 2}, make([]byte, 8), []int{0, 1}, []string{"<ink>", strings.Repeat("W", 200)}, dataset.MNISTPreprocessing())
	if err != nil {
		t.Fatal(err)
	}
	drawn := svg(t, picture.Mistakes(set, []picture.Mistake{{Index: 0, Given: 1, Probability: 0.75}, {Index: 1, Given: 0, Probability: 1}}, 6))
	for _, text := range []string{">true: &lt;ink&gt;<", ">75.0 %<", ">given: WW", "…<", ">100.00 %<", ">given: &lt;ink&gt;<"} {
		if !strings.Contains(drawn, text) {
			t.Errorf("the picture does not say %q", text)
		}
	}
}

func TestPercent(t *testing.T) {
	for p, want := range map[float64]string{0: "0.0 %", 0.123: "12.3 %", 0.99951: "99.95 %", 0.99999: ">99.99 %", 1: "100.00 %"} {
		if got := picture.Percent(p); got != want {
			t.Errorf("%v: found %q, expected %q", p, got, want)
		}
	}
}

// TestCurves makes sure that each plot names its lines and axes, and that a
// page can set the colours anew.
func TestCurves(t *testing.T) {
	var epochs []train.EpochReport
	for i := range 4 {
		epochs = append(epochs, train.EpochReport{Epoch: i + 1, Examples: 10, Correct: 5 + i, Loss: 1 / float64(i+1), Validation: &train.Metrics{Examples: 10, Correct: 6, Loss: 0.4}})
	}
	for _, c := range []struct {
		p      picture.Picture
		expect []string
	}{
		{picture.Loss(epochs), []string{"loss", "mean cross-entropy (nats)"}},
		{picture.Accuracy(epochs), []string{"accuracy", "share of right answers"}},
	} {
		drawn := svg(t, c.p)
		for _, text := range append(c.expect, "training", "validation", "epoch") {
			if strings.Count(drawn, ">"+text+"<") != 1 {
				t.Errorf("%s: found %q %d times, expected once", c.expect[0], text, strings.Count(drawn, ">"+text+"<"))
			}
		}
		if !strings.Contains(drawn, "stroke-dasharray:5,3") {
			t.Errorf("%s: the lines differ in colour alone", c.expect[0])
		}
		inline, err := c.p.Inline(`"<label>`)
		if err != nil || !strings.HasPrefix(inline, `<svg viewBox="0 0 340 240" style="--width:340px" role="img" aria-label="&#34;&lt;label&gt;">`) {
			t.Errorf("found %.120q, %v", inline, err)
		}
		for _, c := range []color.RGBA{{255, 255, 255, 255}, {30, 30, 30, 255}, {244, 167, 66, 255}, {31, 78, 140, 255}, {0, 0, 0, 255}} {
			if hex := fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B); strings.Contains(inline, hex) {
				t.Errorf("found the colour %s in the page, expected a variable", hex)
			}
		}
	}
}
