package command

import (
	"fmt"
	"github.com/lastlayer/lastlayer/model"

	"github.com/lastlayer/lastlayer/dataset"
)

// seenLine is what the last line of a command that evaluates a network says of
// the test images in --json.
type seenLine struct {
	TrainedOn *int `json:"trained_on"`          // images that the network's file says it was trained on; null if it says of none
	LookedUp  *int `json:"looked_up,omitempty"` // of so many, if the file remembers no more than a sample of its training images
}

// lookUp says how many of the test images the network was trained on.
func lookUp(out *output, m *model.Network, test *dataset.Set) seenLine {
	if m.Seen.Len() == 0 {
		return seenLine{}
	}
	used, of := m.Seen.In(test)
	line, sample := seenLine{TrainedOn: &used}, ""
	if !m.Seen.Complete {
		line.LookedUp, sample = &of, fmt.Sprintf(", a sample of the %d", test.Len())
	}
	if used > 0 {
		out.text("trained on %d of %d test images%s: on new images the accuracy may be lower", used, of, sample)
	}
	return line
}
