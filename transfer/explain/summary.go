package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"gorgonia.org/tensor"
)

// Summary is what a network consists of, as JSON or, by String, as text.
type Summary struct {
	Input        []int          `json:"input"` // of one example
	Layers       []LayerSummary `json:"layers"`
	Parameters   int            `json:"parameters"`
	MultiplyAdds int64          `json:"multiply_adds"`
}

// LayerSummary is one layer of a network.
type LayerSummary struct {
	Name         string   `json:"name"`
	Kind         string   `json:"kind"`
	Inputs       []string `json:"inputs,omitempty"` // where it takes another layer than the one before
	Output       []int    `json:"output"`           // of one example: [C,H,W] or [F]
	Kernel       []int    `json:"kernel,omitempty"` // shape of the first tensor: [out,in,kh,kw] or [in,out]
	Parameters   int      `json:"parameters,omitempty"`
	MultiplyAdds int64    `json:"multiply_adds,omitempty"` // of a convolution or a dense layer, for one example
}

// Summarise returns the layers of a network, and what they cost. Statistics of
// normalisations count as parameters.
func Summarise(spec model.Spec) (Summary, error) {
	shapes, err := spec.Shapes()
	if err != nil {
		return Summary{}, err
	}
	parameters, err := spec.Parameters()
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Input: slices.Clone(spec.Input)}
	for i, l := range spec.Layers {
		layer := LayerSummary{Name: l.Name, Kind: l.Kind.String(), Inputs: slices.Clone(l.Inputs), Output: shapes[i]}
		for ; len(parameters) > 0 && parameters[0].Layer == l.Name; parameters = parameters[1:] {
			shape := parameters[0].Shape
			if layer.Kernel == nil {
				layer.Kernel = shape
			}
			layer.Parameters += tensor.Shape(shape).TotalSize()
		}
		switch l.Kind.(type) {
		case model.Conv, model.Dense:
			positions := 1
			if len(shapes[i]) == 3 {
				positions = shapes[i][1] * shapes[i][2]
			}
			layer.MultiplyAdds = int64(tensor.Shape(layer.Kernel).TotalSize()) * int64(positions)
		}
		s.Layers = append(s.Layers, layer)
		s.Parameters += layer.Parameters
		s.MultiplyAdds += layer.MultiplyAdds
	}
	return s, nil
}

// String returns a table with a line for each layer, and the sums.
func (s Summary) String() string {
	number := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	kernel := func(shape []int) string {
		if shape == nil {
			return ""
		}
		return fmt.Sprint(shape)
	}
	table := newTable(-8, -8, -8, -8, 10, 13, -1)
	table.add("layer", "kind", "output", "kernel", "parameters", "multiply-adds", "")
	table.add("images", "", fmt.Sprint(s.Input), "", "", "", "")
	for _, l := range s.Layers {
		from := ""
		if len(l.Inputs) > 0 {
			from = "  from " + strings.Join(l.Inputs, ", ")
		}
		table.add(l.Name, l.Kind, fmt.Sprint(l.Output), kernel(l.Kernel), number(int64(l.Parameters)), number(l.MultiplyAdds), from)
	}
	table.add("in all", "", "", "", number(int64(s.Parameters)), number(s.MultiplyAdds), "")
	var b strings.Builder
	table.print(&b)
	return b.String()
}
