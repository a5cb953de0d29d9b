package explain

import (
	"image"
	"image/color"
	"math"
)

// leastSide is the least side of what Draw returns, in pixels: smaller images are
// enlarged.
const leastSide = 224

// Draw returns the image as the network saw it, resized and cropped, in grey, with
// the map over it: red for the class, blue against it, the stronger the value.
func (m *Map) Draw() *image.RGBA {
	bounds := m.view.Bounds()
	scale := max(1, (leastSide+bounds.Dx()-1)/bounds.Dx())
	width, height := scale*bounds.Dx(), scale*bounds.Dy()
	var largest float64
	for _, v := range m.Values {
		largest = math.Max(largest, math.Abs(v))
	}
	drawn := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			var v float64
			if largest > 0 {
				v = m.at((float64(x)+0.5)/float64(width), (float64(y)+0.5)/float64(height)) / largest
			}
			grey := color.GrayModel.Convert(m.view.RGBAAt(x/scale, y/scale)).(color.Gray).Y
			drawn.SetRGBA(x, y, tinted(float64(grey), v))
		}
	}
	return drawn
}

// tinted returns a grey, 0 to 255, with the colour of a value from -1 to 1 over it.
func tinted(grey, v float64) color.RGBA {
	tint := [3]float64{230, 30, 0}
	if v < 0 {
		tint = [3]float64{0, 80, 255}
	}
	share := 0.65 * math.Abs(v)
	mix := func(t float64) uint8 { return uint8(math.Round((1-share)*grey + share*t)) }
	return color.RGBA{mix(tint[0]), mix(tint[1]), mix(tint[2]), 255}
}
