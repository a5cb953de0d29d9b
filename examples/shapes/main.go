// Shapes draws a folder of pictures to try retraining on: circles, crosses,
// squares, stars and triangles, as an unsteady hand would draw them.
//
//	go run ./examples/shapes my-shapes
//
// makes my-shapes/circle/01.png and so on, twenty pictures of each, the same
// ones each time.
package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const (
	side     = 96 // pixels
	pictures = 20 // of each shape
	seed     = 1
)

// point is a place on a sheet that reaches from -1 to 1.
type point struct{ x, y float64 }

// stroke is a line that the pen draws without leaving the paper.
type stroke []point

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "shapes: expected the name of a folder to make")
		os.Exit(2)
	}
	if err := draw(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "shapes:", err)
		os.Exit(1)
	}
}

// draw writes all pictures to a folder.
func draw(folder string) error {
	star := make(stroke, 6)
	for i := range star {
		star[i] = onCircle(float64(2*i) / 5)
	}
	circle := make(stroke, 13)
	for i := range circle {
		circle[i] = onCircle(float64(i) / 12)
	}
	shapes := []struct {
		name    string
		strokes []stroke
	}{
		{"circle", []stroke{circle}},
		{"cross", []stroke{{{-0.8, -0.8}, {0.8, 0.8}}, {{0.8, -0.8}, {-0.8, 0.8}}}},
		{"square", []stroke{{{-0.8, -0.8}, {0.8, -0.8}, {0.8, 0.8}, {-0.8, 0.8}, {-0.8, -0.8}}}},
		{"star", []stroke{star}},
		{"triangle", []stroke{{onCircle(0), onCircle(1. / 3), onCircle(2. / 3), onCircle(0)}}},
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	for _, shape := range shapes {
		if err := os.MkdirAll(filepath.Join(folder, shape.name), 0o777); err != nil {
			return err
		}
		for i := range pictures {
			path := filepath.Join(folder, shape.name, fmt.Sprintf("%02d.png", i+1))
			if err := write(path, picture(shape.strokes, rng)); err != nil {
				return err
			}
		}
	}
	return nil
}

// onCircle returns a point on the unit circle, so many turns from the top.
func onCircle(turns float64) point {
	sin, cos := math.Sincos(2 * math.Pi * turns)
	return point{sin, -cos}
}

// picture draws strokes in black on white: larger or smaller, turned by up to
// 15 degrees, narrower or wider, by a thick or a thin pen that does not keep to
// the line.
func picture(strokes []stroke, rng *rand.Rand) image.Image {
	between := func(from, to float64) float64 { return from + rng.Float64()*(to-from) }
	scale, stretch, pen := side*between(0.25, 0.38), between(0.75, 1.25), between(1.5, 4)
	sin, cos := math.Sincos(between(-15, 15) * math.Pi / 180)
	middle := point{side/2 + between(-6, 6), side/2 + between(-6, 6)}
	img := image.NewGray(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	for _, s := range strokes {
		var line stroke // in pixels
		for _, p := range s {
			x, y := stretch*(p.x+between(-0.12, 0.12)), p.y+between(-0.12, 0.12)
			next := point{middle.x + scale*(cos*x-sin*y), middle.y + scale*(sin*x+cos*y)}
			if line != nil { // a bend on the way
				last := line[len(line)-1]
				line = append(line, point{(last.x+next.x)/2 + between(-1.5, 1.5), (last.y+next.y)/2 + between(-1.5, 1.5)})
			}
			line = append(line, next)
		}
		ink(img, line, pen)
	}
	return img
}

// ink darkens the pixels that a round pen of that radius touches on its way.
func ink(img *image.Gray, line stroke, pen float64) {
	for y := range side {
		for x := range side {
			away := math.Inf(1)
			for i := range line[1:] {
				away = min(away, distance(point{float64(x), float64(y)}, line[i], line[i+1]))
			}
			light := uint8(255 * min(1, max(0, away-pen+0.5)))
			img.SetGray(x, y, color.Gray{Y: min(light, img.GrayAt(x, y).Y)})
		}
	}
}

// distance returns how far p is from the line between two points.
func distance(p, from, to point) float64 {
	dx, dy := to.x-from.x, to.y-from.y
	along := 0.0
	if length := dx*dx + dy*dy; length > 0 {
		along = min(1, max(0, ((p.x-from.x)*dx+(p.y-from.y)*dy)/length))
	}
	return math.Hypot(p.x-from.x-along*dx, p.y-from.y-along*dy)
}

func write(path string, img image.Image) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := png.Encode(f, img); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
