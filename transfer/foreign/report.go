package foreign

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// Report says what Import did with a file.
type Report struct {
	Layout  Layout   `json:"layout"`
	Reason  string   `json:"reason"` // how the layout is known
	Taken   []Taken  `json:"taken"`
	Ignored []string `json:"ignored"` // tensors of the file that were to be ignored
	Missing []string `json:"missing"` // weights of the network that were not asked for
}

// Taken is one weight and where it came from.
type Taken struct {
	Weight string `json:"weight"`           // ours
	Tensor string `json:"tensor"`           // the file's
	Shape  []int  `json:"shape"`            // in the file
	Change string `json:"change,omitempty"` // what was done to its numbers
}

// String returns the report as a table with a line for each weight and each tensor
// ignored. Weights that the file has under the same name are only counted, unless
// their numbers were changed.
func (r Report) String() string {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	same := 0
	for _, t := range r.Taken {
		if t.Weight == t.Tensor && t.Change == "" {
			same++
			continue
		}
		fmt.Fprintf(w, "taken\t%s\tfrom %q\t%v\t%s\n", t.Weight, t.Tensor, t.Shape, t.Change)
	}
	_ = w.Flush() // a strings.Builder takes everything
	var b strings.Builder
	fmt.Fprintf(&b, "layout: %s (%s)\n", r.Layout, r.Reason)
	if same > 0 {
		fmt.Fprintf(&b, "taken  %d weights as they are\n", same)
	}
	for line := range strings.Lines(table.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	for _, name := range r.Ignored {
		fmt.Fprintf(&b, "ignored  %q\n", name)
	}
	for _, name := range r.Missing {
		fmt.Fprintf(&b, "missing  %s\n", name)
	}
	return b.String()
}
