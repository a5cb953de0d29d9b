package dataset

import (
	"image"
	"image/color"
)

// View returns image i in colours, as the network sees it before its bytes become numbers: resized
// and cropped, of a photo in the order red, green, blue. The error is ReadImage's.
func (s *Set) View(i int) (*image.RGBA, error) {
	pixels, err := s.ReadImage(i)
	if err != nil {
		return nil, err
	}
	height, width := s.Shape[1], s.Shape[2]
	plane := height * width
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for at := range plane {
		r, g, b := pixels[at], pixels[at], pixels[at]
		if s.Shape[0] == 3 {
			g, b = pixels[plane+at], pixels[2*plane+at]
		}
		if s.Shape[0] == 3 && s.Prep.Photo.BGR {
			r, b = b, r
		}
		img.SetRGBA(at%width, at/width, color.RGBA{r, g, b, 255})
	}
	return img, nil
}
