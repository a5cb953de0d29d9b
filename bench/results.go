package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// figure is one number of a command, measured several times.
type figure struct {
	Command string    `json:"command,omitempty"`
	Field   string    `json:"field,omitempty"` // the number's name in the command's output
	Values  []float64 `json:"values"`
	Median  *float64  `json:"median"` // null if nothing was measured
	Spread  *float64  `json:"spread"` // (largest − smallest) / median
}

// comparison is one row with its results.
type comparison struct {
	row
	Ours   figure   `json:"ours"`
	Theirs figure   `json:"theirs"`
	Ratio  *float64 `json:"ratio"`
	Met    *bool    `json:"met,omitempty"` // whether ratio is within the target
	Why    string   `json:"not_measured,omitempty"`
}

// results is the content of results.json.
type results struct {
	Machine map[string]string         `json:"machine"`
	Runs    int                       `json:"runs"`
	Quick   bool                      `json:"quick"` // reduced work: not publishable
	Rows    []comparison              `json:"rows"`
	Shapes  map[string]float64        `json:"gemm_time_over_best,omitempty"` // medians, by shape
	Last    map[string]map[string]any `json:"last_lines"`                    // what each command last printed
}

// summarise compares the measurements.
func (b *bench) summarise() results {
	res := results{Machine: b.machine, Runs: b.done, Quick: b.quick, Last: map[string]map[string]any{}}
	for name, outcomes := range b.outcomes {
		if n := len(outcomes); n > 0 {
			res.Last[name] = outcomes[n-1].line
		}
	}
	for _, r := range b.rows {
		c := comparison{row: r, Ours: b.figure(r.ours), Theirs: b.figure(r.theirs)}
		theirs := c.Theirs.Values
		if r.theirs.command == "" {
			theirs = []float64{1}
		}
		if x := ratio(c.Ours.Values, theirs); !math.IsNaN(x) {
			c.Ratio = &x
			if met := x <= r.Target; r.Target > 0 {
				c.Met = &met
			}
		} else {
			c.Why = b.why(r)
		}
		res.Rows = append(res.Rows, c)
	}
	res.Shapes = shapes(b.outcomes["gemm"])
	return res
}

// shapes returns the median ratio of each shape of bench/gemm.
func shapes(outcomes []outcome) map[string]float64 {
	values := map[string][]float64{}
	for _, o := range outcomes {
		for name, v := range o.numbers {
			if shape, ok := strings.CutPrefix(name, shapePrefix); ok {
				values[shape] = append(values[shape], v)
			}
		}
	}
	medians := map[string]float64{}
	for shape, v := range values {
		medians[shape] = median(v)
	}
	return medians
}

// figure collects the values of a source.
func (b *bench) figure(s source) figure {
	f := figure{Field: s.field, Values: []float64{}}
	if s.command == "" {
		return f
	}
	f.Command = b.commands[s.command].String()
	for _, o := range b.outcomes[s.command] {
		if v, ok := o.numbers[s.field]; ok {
			f.Values = append(f.Values, v)
		}
	}
	if len(f.Values) > 0 {
		m, s := median(f.Values), spread(f.Values)
		f.Median = &m
		if !math.IsNaN(s) {
			f.Spread = &s
		}
	}
	return f
}

// why returns the reason why a row has no ratio.
func (b *bench) why(r row) string {
	for _, s := range []source{r.ours, r.theirs} {
		if reason := b.failed[s.command]; reason != "" {
			return reason
		}
	}
	return "not run to its end"
}

// write writes results.json, .md and .svg to the folder.
func (res results) write(folder string) error {
	data, err := json.MarshalIndent(res, "", "\t")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "results.json"), append(data, '\n'), 0o666); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "results.md"), []byte(res.markdown()), 0o666); err != nil {
		return err
	}
	return res.writeChart(filepath.Join(folder, "results.svg"))
}

// publish writes the table and the chart to their place in the repository. The table
// differs only in its title, and the chart follows below it.
func (res results) publish(folder string) error {
	if err := res.writeChart(filepath.Join(folder, "results.svg")); err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("<!-- Written by `go run ./bench`: see README.md. -->\n\n")
	b.WriteString(res.markdown())
	return os.WriteFile(filepath.Join(folder, "RESULTS.md"), b.Bytes(), 0o666)
}
