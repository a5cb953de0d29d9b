package main

import (
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// shapePrefix starts the name of each per-shape figure.
const shapePrefix = "shape "

// parseGemm reads the Markdown table of bench/gemm. It returns the worst and the median
// of the last column (our time relative to the best library's) over the network's
// shapes; shapes called square are left out. The ratio of each shape is also stored in
// numbers, under shapePrefix.
func parseGemm(text string) (outcome, error) {
	o := outcome{numbers: map[string]float64{}, line: map[string]any{}}
	var multiples []float64
	var header string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		name := strings.TrimSpace(cells[0])
		if name == "shape" {
			header = line
			continue
		}
		multiple, err := strconv.ParseFloat(strings.TrimSpace(cells[len(cells)-1]), 64)
		if err != nil || strings.HasPrefix(name, "square") {
			continue
		}
		multiples = append(multiples, multiple)
		if multiple > o.numbers["worst"] {
			o.numbers["worst"], o.line["worst_shape"] = multiple, name
		}
		o.numbers[shapePrefix+name], o.line[name] = multiple, multiple
	}
	if !strings.Contains(header, "time/best") || len(multiples) == 0 {
		return o, errors.New("found no table with a column time/best")
	}
	if !strings.Contains(header, "oneDNN") && !strings.Contains(header, "OpenBLAS") {
		return o, errors.New("found neither oneDNN (libdnnl.so.2) nor OpenBLAS (libopenblas.so.0) to compare with")
	}
	o.numbers["median"] = median(multiples)
	return o, nil
}
