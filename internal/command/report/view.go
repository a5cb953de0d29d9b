package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/train"
)

var (
	//go:embed page.html
	pageHTML string
	//go:embed page.css
	pageCSS string

	pageTemplate = template.Must(template.New(Page).Parse(pageHTML))
)

const (
	shownEpochs = 500 // drawn and listed at most, evenly spaced
	shownPairs  = 100 // of confused classes, where there is no table
)

// view is a Report in the form that the page's template needs.
type view struct {
	*Report
	Mark           template.HTML
	CSS            template.CSS
	LayerRows      []layerRow
	drawn          []train.EpochReport
	EpochRows      []epochRow
	Validated      bool
	Resumed        int // epochs before the first one known
	Loss, Accuracy template.HTML
	Classes        []classRow
	Matrix         *matrix       // nil where there are too many classes
	Heat           template.HTML // in its place
	Pairs          []pair        // beside Heat
	PairsOf        int
	Mistakes       []mistake
	Kernels        *kernels
}

func (r *Report) view() *view {
	v := &view{Report: r, Mark: mark, CSS: template.CSS(pageCSS), drawn: thin(r.Epochs)}
	for _, l := range r.Layers {
		v.LayerRows = append(v.LayerRows, rowOfLayer(l, r.Training))
	}
	for _, e := range v.drawn {
		v.EpochRows = append(v.EpochRows, rowOfEpoch(e))
		v.Validated = v.Validated || e.Validation != nil
	}
	if len(r.Epochs) > 0 {
		v.Resumed = r.Epochs[0].Epoch - 1
	}
	if r.Metrics != nil {
		v.Classes = classRows(r.Test.Classes, r.Metrics.Confusion)
		if len(r.Test.Classes) <= picture.CountedClasses {
			v.Matrix = newMatrix(r.Test.Classes, r.Metrics.Confusion)
		} else {
			v.Pairs, v.PairsOf = pairs(r.Test.Classes, r.Metrics.Confusion)
		}
	}
	return v
}

// Interval writes the confidence interval of the accuracy.
func (v *view) Interval() string {
	low, high := v.Metrics.Interval()
	return fmt.Sprintf("%.4f to %.4f", low, high)
}

// thin returns at most about shownEpochs of the epochs, the first and the last
// among them.
func thin(epochs []train.EpochReport) []train.EpochReport {
	step := (len(epochs) + shownEpochs - 1) / shownEpochs
	if step <= 1 {
		return epochs
	}
	var kept []train.EpochReport
	for i, e := range epochs {
		if i%step == 0 || i == len(epochs)-1 {
			kept = append(kept, e)
		}
	}
	return kept
}

// classRow is a class with what became of its images.
type classRow struct {
	Name              string
	Images, Given     int // images of the class, and images taken for it
	Right             int
	Recall, Precision string // "–" where there is nothing to divide by
}

func classRows(classes []string, counts [][]int) []classRow {
	rows := make([]classRow, len(classes))
	for i, row := range counts {
		rows[i].Name, rows[i].Right = classes[i], row[i]
		for j, n := range row {
			rows[i].Images += n
			rows[j].Given += n
		}
	}
	for i := range rows {
		c := &rows[i]
		c.Recall, c.Precision = share(c.Right, c.Images), share(c.Right, c.Given)
	}
	return rows
}

func share(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return fmt.Sprintf("%.4f", float64(part)/float64(whole))
}

// matrix is the confusion matrix as a table.
type matrix struct {
	Classes []string
	Upright bool // the columns' names are written upwards
	Rows    []matrixRow
}

type matrixRow struct {
	Name  string
	Cells []cell
	Sum   int
}

type cell struct{ Count, Level int }

func newMatrix(classes []string, counts [][]int) *matrix {
	m := &matrix{Classes: classes}
	for i, row := range counts {
		r := matrixRow{Name: classes[i]}
		m.Upright = m.Upright || len(classes[i]) > 4
		for _, n := range row {
			r.Sum += n
		}
		for _, n := range row {
			r.Cells = append(r.Cells, cell{n, picture.HeatLevel(n, r.Sum)})
		}
		m.Rows = append(m.Rows, r)
	}
	return m
}

// pair is how often one class was taken for another.
type pair struct {
	True, Given string
	Count, Of   int
}

// pairs returns the commonest pairs, and how many there are.
func pairs(classes []string, counts [][]int) ([]pair, int) {
	var list []pair
	for i, row := range counts {
		of := 0
		for _, n := range row {
			of += n
		}
		for j, n := range row {
			if i != j && n > 0 {
				list = append(list, pair{classes[i], classes[j], n, of})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b pair) int { return cmp.Compare(b.Count, a.Count) })
	return list[:min(len(list), shownPairs)], len(list)
}

// shape writes [1 28 28] as 1×28×28.
func shape(s []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(s), " ", "×"), "[]")
}
