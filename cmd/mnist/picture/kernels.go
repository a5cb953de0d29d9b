package picture

import (
	"fmt"
	"math"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gorgonia.org/tensor"
)

// Sizes of the kernels in points. Eight in a row are as wide as a phone.
const (
	kernelSide    = 34
	kernelGap     = 7
	kernelColumns = 8
	kernelTitle   = 22
	maxKernels    = 64
)

// KernelGroup is the kernels of one convolution at one time.
type KernelGroup struct {
	Title  string
	Kernel *tensor.Dense // [out,in,kh,kw]
}

// Kernels draws the first input channel of each kernel, group under group: 0 is
// the middle grey, the largest number of all groups, whatever its sign, black
// or white. Positive numbers are dark, as ink is on paper. Beyond 64 kernels
// the rest is left out; the number drawn and the number that black stands for
// are returned.
func Kernels(groups ...KernelGroup) (p Picture, drawn int, black float64, err error) {
	for _, g := range groups {
		s := g.Kernel.Shape()
		if len(s) != 4 {
			return p, 0, 0, errors.Errorf("draw the kernels: found the shape %v, expected [out,in,kh,kw]", s)
		}
		drawn = min(s[0], maxKernels)
		for k := range drawn {
			for _, v := range firstChannel(g.Kernel, k) {
				black = max(black, math.Abs(float64(v)))
			}
		}
	}
	rows := (drawn + kernelColumns - 1) / kernelColumns
	high := vg.Length(kernelTitle + rows*(kernelSide+kernelGap))
	width, height := vg.Length(kernelGap+kernelColumns*(kernelSide+kernelGap)), vg.Length(len(groups))*high+kernelGap
	return Picture{width, height, func(c draw.Canvas) {
		for i, g := range groups {
			top := height - vg.Length(i)*high
			textWithin(width-2*kernelGap, c, ink, 10, kernelGap, top-15, 0, g.Title)
			for k := range drawn {
				x := vg.Length(kernelGap + k%kernelColumns*(kernelSide+kernelGap))
				y := top - kernelTitle - vg.Length((1+k/kernelColumns)*(kernelSide+kernelGap)-kernelGap)
				drawKernel(c, vg.Rectangle{Min: vg.Point{X: x, Y: y}, Max: vg.Point{X: x + kernelSide, Y: y + kernelSide}}, g.Kernel, k, black)
			}
		}
	}}, drawn, black, nil
}

func drawKernel(c draw.Canvas, place vg.Rectangle, kernel *tensor.Dense, k int, black float64) {
	values := firstChannel(kernel, k)
	c.DrawImage(place, enlarged(kernel.Shape()[2], kernel.Shape()[3], func(i int) uint8 {
		if black == 0 {
			return 128
		}
		return uint8(math.Round(127.5 - 127.5*float64(values[i])/black))
	}))
	c.SetColor(ink)
	c.SetLineWidth(0.5)
	c.Stroke(place.Path())
}

// firstChannel returns kernel k of the first input channel, [kh,kw].
func firstChannel(kernel *tensor.Dense, k int) []float32 {
	s := kernel.Shape()
	size := s[2] * s[3]
	return kernel.Float32s()[k*s[1]*size:][:size]
}

// KernelScale says what black and white stand for.
func KernelScale(black float64) string {
	return fmt.Sprintf("black is %.3g, the middle grey 0, white −%.3g", black, black)
}
