package foreign

import (
	"fmt"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
)

// Describe says for people, a line each, what a network is that its weights do not
// tell: a wrong mean or order of classes gives wrong answers, and no error.
func Describe(n *model.Network) string {
	p := n.Prep
	text := fmt.Sprintf("images: %s, 0 to 1 (a byte times %.6g), less the mean %g, divided by the deviation %g\nclasses: %s", p.Polarity, p.Scale, p.Mean, p.Std, dataset.Classes(n.Classes))
	if notes := n.Meta[weightfile.KeyNotes]; notes != "" {
		text += "\nnote: " + notes
	}
	return text
}
