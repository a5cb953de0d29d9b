package page

import "math"

// outline returns the points of a closed polygon of so many corners, turned by
// a number of degrees, on the 280×280 of the drawing area; 1 corner is a circle.
func outline(corners int, turned float64) [][2]float64 {
	sides := corners
	if corners == 1 {
		sides = 36
	}
	corner := func(i int) (x, y float64) {
		sin, cos := math.Sincos(turned*math.Pi/180 + 2*math.Pi*float64(i)/float64(sides) - math.Pi/2)
		return 140 + 90*cos, 140 + 90*sin
	}
	var points [][2]float64
	for i := range sides {
		x, y := corner(i)
		toX, toY := corner(i + 1)
		n := max(1, int(math.Hypot(toX-x, toY-y)/14))
		for j := range n {
			part := float64(j) / float64(n)
			points = append(points, [2]float64{x + part*(toX-x), y + part*(toY-y)})
		}
	}
	return append(points, points[0])
}
