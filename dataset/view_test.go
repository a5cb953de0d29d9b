package dataset_test

import (
	"image/color"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
)

// TestView: grey images are grey, and channels in blue, green, red come back as they
// are seen.
func TestView(t *testing.T) {
	for _, test := range []struct {
		reason string
		shape  []int
		pixels []byte
		bgr    bool
		want   color.RGBA
	}{
		{"grey", []int{1, 1, 2}, []byte{7, 9}, false, color.RGBA{9, 9, 9, 255}},
		{"colours", []int{3, 1, 2}, []byte{1, 2, 3, 4, 5, 6}, false, color.RGBA{2, 4, 6, 255}},
		{"blue first", []int{3, 1, 2}, []byte{1, 2, 3, 4, 5, 6}, true, color.RGBA{6, 4, 2, 255}},
	} {
		prep := dataset.MNISTPreprocessing()
		set, err := dataset.NewSet("test", test.shape, test.pixels, []int{0}, []string{"a", "b"}, prep)
		if err != nil {
			t.Fatal(err)
		}
		set.Prep.Photo.BGR = test.bgr
		img, err := set.View(0)
		if err != nil || img.RGBAAt(1, 0) != test.want {
			t.Errorf("%s: found %v, %v, expected %v", test.reason, img, err, test.want)
		}
	}
}
