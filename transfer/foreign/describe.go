package foreign

import (
	"fmt"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
)

// Describe returns, for people, a line each on what the weights of a network do
// not show: how images are prepared, and the classes. Either of them wrong gives
// wrong answers and no error.
func Describe(n *model.Network) string {
	return fmt.Sprintf("images: %s\nclasses: %s", prepared(n.Prep), dataset.Classes(n.Classes))
}

// prepared says how an image becomes a network's input.
func prepared(p dataset.Preprocessing) string {
	if !p.IsPhoto() {
		return fmt.Sprintf("%s, 0 to 1 (a byte times %.6g), less the mean %g, divided by the deviation %g", p.Polarity, p.Scale, p.Mean, p.Std)
	}
	order, fit := "red, green, blue", fmt.Sprintf("the shorter side resized to %d", p.Photo.Resize)
	if p.Photo.BGR {
		order = "blue, green, red"
	}
	if p.Photo.Squash {
		fit = "both sides resized"
	}
	return fmt.Sprintf("photos, %s, %s, the middle of it; %s: a byte times %.6g, less the mean %g, divided by the deviation %g",
		fit, p.Photo.Interpolation, order, p.Scale, p.Photo.Mean, p.Photo.Std)
}
