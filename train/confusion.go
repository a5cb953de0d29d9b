package train

import (
	"fmt"
	"math"
	"strings"
)

// ConfusionTable returns how often each label was taken for each class as a table:
// a row for each label with the recall, where there are examples of it. classes
// are the names of the labels.
func (m Metrics) ConfusionTable(classes []string) string {
	width := 6
	for _, name := range classes {
		width = max(width, len(name)+2)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "label down, prediction across\n%-*s", width, "")
	for _, name := range classes {
		fmt.Fprintf(&b, "%*s", width, name)
	}
	b.WriteString("  recall\n")
	for i, row := range m.Confusion {
		fmt.Fprintf(&b, "%-*s", width, classes[i])
		for _, n := range row {
			fmt.Fprintf(&b, "%*d", width, n)
		}
		if recall := m.Recall(i); !math.IsNaN(recall) {
			fmt.Fprintf(&b, "%8.4f", recall)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
