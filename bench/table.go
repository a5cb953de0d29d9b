package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// markdown returns the results as two tables: the ratios, and every figure with its
// command.
func (res results) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Measured\n\n")
	if res.Quick {
		fmt.Fprintf(&b, "**Made with `-quick`: a test of the machinery, no figures to quote.**\n\n")
	}
	fmt.Fprintf(&b, "Medians of %d runs, each in a fresh process, ours and the peer's in turn.\n\n", res.Runs)
	for _, name := range slices.Sorted(maps.Keys(res.Machine)) {
		fmt.Fprintf(&b, "- %s: %s\n", name, res.Machine[name])
	}
	fmt.Fprintf(&b, "\n![ratios and targets](results.svg)\n\n## Ratios\n\nBelow 1 ours is the smaller; the target is the ratio at most.\n\n")
	fmt.Fprintf(&b, "| work | peer | ours | peer's | ratio | target | met |\n|---|---|--:|--:|--:|--:|---|\n")
	for _, c := range res.Rows {
		fmt.Fprintln(&b, c.cells())
	}
	fmt.Fprintf(&b, "\n## Figures and their commands\n\n")
	fmt.Fprintf(&b, "Run in the module's root, `$MNIST` being the folder of MNIST's .gz files,\n`$PYTHON` the Python that has PyTorch, and\n\n```sh\nPLAIN=%q\nBEST=%q\n```\n\n", plain, best)
	fmt.Fprintf(&b, "`disk_seconds` is from the start of the process until the file named by\n`--out` was complete; all else the command prints itself.\n\n")
	fmt.Fprintf(&b, "| figure | median | spread | command |\n|---|--:|--:|---|\n")
	seen := map[string]bool{}
	for _, c := range res.Rows {
		for _, f := range []figure{c.Ours, c.Theirs} {
			if line := f.cells(c.Unit); f.Median != nil && !seen[line] {
				seen[line] = true
				fmt.Fprintln(&b, line)
			}
		}
	}
	if len(res.Shapes) > 0 {
		fmt.Fprintf(&b, "\n## Matrix products by shape\n\n| shape | time of ours over the best library's |\n|---|--:|\n")
		for _, name := range slices.Sorted(maps.Keys(res.Shapes)) {
			fmt.Fprintf(&b, "| %s | %.2f |\n", escape(name), res.Shapes[name])
		}
	}
	return b.String()
}

// cells returns the comparison as a row of the first table.
func (c comparison) cells() string {
	rat, target, met := "", "", ""
	if c.Target > 0 {
		target = fmt.Sprintf("%.4g", c.Target)
	}
	switch {
	case c.Ratio == nil:
		met = "not measured: " + escape(c.Why)
	case c.Met != nil && *c.Met:
		met = "yes"
	case c.Met != nil:
		met = "**no**"
	}
	if c.Ratio != nil {
		rat = showRatio(*c.Ratio)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |", escape(c.Work), escape(c.Peer),
		c.Ours.show(c.Unit), c.Theirs.show(c.Unit), rat, target, met)
}

// cells returns the figure as a row of the second table.
func (f figure) cells(unit string) string {
	spread := ""
	if f.Spread != nil {
		spread = fmt.Sprintf("%.0f %%", 100**f.Spread)
	}
	return fmt.Sprintf("| `%s` | %s | %s | `%s` |", f.Field, f.show(unit), spread, f.Command)
}

func (f figure) show(unit string) string {
	if f.Median == nil {
		return ""
	}
	return show(*f.Median, unit)
}

// show formats a value of unit s, B or × with three digits.
func show(v float64, unit string) string {
	scale := func(v float64, steps ...string) string {
		i := 0
		for i < len(steps)-1 && math.Abs(v) >= 999.5 {
			v /= 1000
			i++
		}
		digits := 2
		if math.Abs(v) >= 99.95 {
			digits = 0
		} else if math.Abs(v) >= 9.995 {
			digits = 1
		}
		return fmt.Sprintf("%.*f %s", digits, v, steps[i])
	}
	switch unit {
	case "s":
		return scale(v*1e6, "µs", "ms", "s")
	case "B":
		return scale(v, "B", "kB", "MB", "GB")
	}
	return fmt.Sprintf("%.2f %s", v, unit)
}

// showRatio formats a ratio with three decimals, or with two digits if it is below a
// hundredth.
func showRatio(r float64) string {
	if r > 0 && r < 0.01 {
		return strconv.FormatFloat(r, 'f', 1-int(math.Floor(math.Log10(r))), 64)
	}
	return strconv.FormatFloat(r, 'f', 3, 64)
}

// escape makes text safe for a table cell.
func escape(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
}
