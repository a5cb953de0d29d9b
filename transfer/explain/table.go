package explain

import (
	"fmt"
	"strings"
)

// table is text in columns. Each is as wide as its widest cell, and at least as wide as
// it was made.
type table struct {
	widths []int // below 0: to the left
	rows   [][]string
}

func newTable(widths ...int) *table { return &table{widths: widths} }

func (t *table) add(cells ...string) {
	t.rows = append(t.rows, cells)
	for i, cell := range cells {
		if n := len(cell); t.widths[i] < 0 {
			t.widths[i] = min(t.widths[i], -n)
		} else {
			t.widths[i] = max(t.widths[i], n)
		}
	}
}

func (t *table) print(b *strings.Builder) {
	for _, row := range t.rows {
		line := ""
		for i, cell := range row {
			line += fmt.Sprintf("%*s ", t.widths[i], cell)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// names returns a list of names, shortened where there are many.
func names(all []string) string {
	const most, shown = 60, 20
	if len(all) <= most {
		return fmt.Sprint(all)
	}
	return strings.TrimSuffix(fmt.Sprint(all[:shown]), "]") + fmt.Sprintf(" … %s], %d in all", strings.Join(all[len(all)-shown:], " "), len(all))
}
