package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// hostile are names of classes and files as only an attacker gives them.
var hostile = []string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "a&b 'c' \"d\"", "]]> --> {{.}}", "\xff\xfe"}

// seed returns the seed network with its last layer trained.
var seed = sync.OnceValues(func() (network struct {
	layers  []model.LayerInfo
	weights *model.Weights
}, err error) {
	if network.weights, err = model.Init(model.DeepMNIST(), rand.New(rand.NewPCG(1, 1))); err != nil {
		return network, err
	}
	net, err := model.Build(smallnet.Of(model.DeepMNIST(), network.weights), model.Last(1), model.Batch(1))
	if err != nil {
		return network, err
	}
	network.layers = net.Describe()
	return network, nil
})

// full returns a report with every section: a training of epochs, a test set
// of n classes with 20 images each, of which some are mistaken.
func full(t *testing.T, n, epochs int) *report.Report {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(n), 3))
	classes := slices.Clone(hostile)
	for i := len(classes); i < n; i++ {
		classes = append(classes, fmt.Sprintf("the class of number %d", i))
	}
	classes = classes[:n]
	labels, pixels := make([]int, 20*n), make([]byte, 20*n*9)
	metrics := train.Metrics{Examples: len(labels), Loss: 0.25, Confusion: make([][]int, n)}
	for i := range metrics.Confusion {
		metrics.Confusion[i] = make([]int, n)
	}
	r := &report.Report{Title: "mnist retrain", Training: true, Of: epochs, Metrics: &metrics}
	for i := range labels {
		labels[i] = i % n
		pixels[9*i+i%9] = 255
		given := labels[i]
		if rng.IntN(5) == 0 && n > 1 {
			given = (given + 1 + rng.IntN(n-1)) % n
			r.Mistakes = append(r.Mistakes, picture.Mistake{Index: i, Given: given, Probability: rng.Float64()})
		} else {
			metrics.Correct++
		}
		metrics.Confusion[labels[i]][given]++
	}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	var err error
	if r.Test, err = dataset.NewSet("test", []int{1, 3, 3}, pixels, labels, names, dataset.MNISTPreprocessing()); err != nil {
		t.Fatal(err)
	}
	r.Test.Classes = classes // of which NewSet takes not all
	for e := range epochs {
		validation := train.Metrics{Examples: 10, Correct: 7, Loss: 0.5}
		r.Epochs = append(r.Epochs, train.EpochReport{Epoch: e + 1, Of: epochs, Examples: 100, Correct: 90, Loss: 1 / float64(e+1), Rate: 0.1, Seconds: 0.1, Validation: &validation})
		r.Lines = append(r.Lines, map[string]int{"epoch": e + 1})
	}
	network, err := seed()
	if err != nil {
		t.Fatal(err)
	}
	r.Layers, r.Kernels = network.layers, &report.Kernels{Weight: "conv1/W", Before: network.weights, After: network.weights}
	r.Facts = []report.Fact{{Name: "Command line", Value: "mnist retrain --from " + hostile[0]}}
	return r
}

// write writes a report into a new folder and returns its page.
func write(t *testing.T, r *report.Report) (folder, page string) {
	t.Helper()
	folder = filepath.Join(t.TempDir(), "new", "folder")
	if err := r.Write(folder); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, report.Page))
	if err != nil {
		t.Fatal(err)
	}
	return folder, string(content)
}

var (
	loads   = regexp.MustCompile(`(?i)(?:src|href|action|data|poster|srcset)\s*=\s*["']?([^"'\s>]*)|url\(([^)]*)\)|@import`)
	section = regexp.MustCompile(`<section id="(\w+)">`)
	element = regexp.MustCompile(`(?i)<(script|iframe|object|embed|link|img src=x)`)
)

func TestSections(t *testing.T) {
	_, page := write(t, full(t, 5, 3))
	all := []string{"layers", "curves", "confusion", "classes", "mistakes", "kernels", "facts"}
	found := func(page string) (ids []string) {
		for _, m := range section.FindAllStringSubmatch(page, -1) {
			ids = append(ids, m[1])
		}
		return ids
	}
	if ids := found(page); !slices.Equal(ids, all) {
		t.Errorf("found the sections %v, expected %v", ids, all)
	}
	for _, says := range []string{"trained (variable)", "frozen (constant)", "Bit-identical", "32×28×28", "3136×1024", "validation", "Test accuracy"} {
		if !strings.Contains(page, says) {
			t.Errorf("the page does not say %q", says)
		}
	}

	evaluation := full(t, 5, 0)
	evaluation.Training, evaluation.Kernels.Before = false, nil
	if _, page = write(t, evaluation); slices.Contains(found(page), "curves") || strings.Contains(page, "frozen (") || strings.Contains(page, "was trained") {
		t.Errorf("an evaluation: found the sections %v, or what is trained", found(page))
	}

	interrupted := full(t, 5, 2)
	interrupted.Of, interrupted.Interrupted = 7, "stopped by a signal: interrupt"
	interrupted.Metrics, interrupted.Mistakes, interrupted.Test = nil, nil, nil
	_, page = write(t, interrupted)
	if ids := found(page); !slices.Equal(ids, []string{"layers", "curves", "kernels", "facts"}) || !strings.Contains(page, "<strong>Interrupted</strong>: stopped by a signal") || !strings.Contains(page, "2 of 7 epochs") {
		t.Errorf("an interrupted training: found the sections %v, or it does not say how far it came", ids)
	}
}

// TestResumed tells of epochs that another run has trained.
func TestResumed(t *testing.T) {
	r := full(t, 2, 5)
	r.Epochs = r.Epochs[3:]
	if _, page := write(t, r); !strings.Contains(page, "Epochs 1 to 3 were trained before this run") || strings.Contains(page, "of 5 epochs") {
		t.Error("the page does not say that epochs 1 to 3 are missing, or says that they were not trained")
	}
}

// TestNothingFromOutside looks at every attribute that loads something, and at
// every element that the names could have smuggled in.
func TestNothingFromOutside(t *testing.T) {
	for _, n := range []int{5, picture.CountedClasses + 1} {
		folder, page := write(t, full(t, n, 3))
		for _, m := range loads.FindAllStringSubmatch(page, -1) {
			if url := m[1] + m[2]; !strings.HasPrefix(url, "#") && !strings.HasPrefix(url, "data:image/") && url != "x" {
				t.Errorf("%d classes: the page loads %.80q", n, m[0])
			}
		}
		if m := element.FindString(page); m != "" {
			t.Errorf("%d classes: found %q in the page, expected names to be escaped", n, m)
		}
		if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") {
			t.Errorf("%d classes: the name of the class is not in the page", n)
		}
		for _, name := range names(t, folder) {
			content, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			switch filepath.Ext(name) {
			case ".png":
				if _, err := png.DecodeConfig(bytes.NewReader(content)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			case ".svg":
				wellFormed(t, name, content)
			}
		}
	}
}

func wellFormed(t *testing.T, name string, svg []byte) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if e, ok := token.(xml.StartElement); ok && slices.Contains([]string{"script", "img", "foreignObject"}, e.Name.Local) {
			t.Errorf("%s: found the element %s", name, e.Name.Local)
		}
	}
}

// TestConfusionCounts adds the numbers in the page's table up.
func TestConfusionCounts(t *testing.T) {
	for _, n := range []int{1, 2, 10, picture.CountedClasses} {
		r := full(t, n, 1)
		_, page := write(t, r)
		total, cells := 0, regexp.MustCompile(`<td class="h\d+">(\d+)</td>`).FindAllStringSubmatch(page, -1)
		for _, m := range cells {
			var count int
			if _, err := fmt.Sscan(m[1], &count); err != nil {
				t.Fatal(err)
			}
			total += count
		}
		if total != r.Test.Len() || len(cells) != n*n {
			t.Errorf("%d classes: found %d images in %d cells, expected %d", n, total, len(cells), r.Test.Len())
		}
	}
}

// TestManyClasses makes sure that the page stays one that can be read.
func TestManyClasses(t *testing.T) {
	for _, test := range []struct {
		classes int
		drawn   bool
	}{{200, true}, {picture.MaxClasses + 1, false}} {
		folder, page := write(t, full(t, test.classes, 1))
		if strings.Contains(page, `class="matrix`) || !strings.Contains(page, "The 100 commonest of ") || len(page) > 1<<20 {
			t.Errorf("%d classes: found a page of %d bytes, or not the commonest pairs", test.classes, len(page))
		}
		if drawn := slices.Contains(names(t, folder), "confusion.svg"); drawn != test.drawn {
			t.Errorf("%d classes: found confusion.svg: %v", test.classes, drawn)
		}
	}
}

func TestManyEpochs(t *testing.T) {
	folder, page := write(t, full(t, 2, 20000))
	if !strings.Contains(page, "of 20000 epochs are shown") || len(page) > 1<<20 {
		t.Errorf("found a page of %d bytes, or it does not say what is left out", len(page))
	}
	lines, err := os.ReadFile(filepath.Join(folder, report.Metrics))
	if err != nil || bytes.Count(lines, []byte("\n")) != 20000 || !json.Valid(lines[:bytes.IndexByte(lines, '\n')]) {
		t.Errorf("found %d lines of figures, %v", bytes.Count(lines, []byte("\n")), err)
	}
}
