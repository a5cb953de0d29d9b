package dataset

import (
	"image"
	"maps"
)

// shapes are the connected pieces of ink on a page.
type shapes struct {
	page  image.Rectangle
	label []int32 // of each pixel: an index into all, or -1
	all   []shape
}

// shape is a connected piece of ink.
type shape struct {
	box    image.Rectangle
	area   int // pixels
	border int // of them on the page's outermost lines
	frame  bool
}

// alongEdge says whether a shape runs along the page's edge, as a desk beside the paper does, or
// around it.
func (s shape) alongEdge() bool { return s.frame || 2*s.border >= s.box.Dx()+s.box.Dy() }

// shapesIn returns the pieces of ink of a strength or more.
func shapesIn(ink *image.Gray, threshold int) *shapes {
	w, h := ink.Rect.Dx(), ink.Rect.Dy()
	s := &shapes{page: ink.Rect, label: make([]int32, w*h)}
	for i := range s.label {
		s.label[i] = -1
	}
	var stack []int32
	for start, v := range ink.Pix {
		if int(v) < threshold || s.label[start] >= 0 {
			continue
		}
		number := int32(len(s.all))
		next := shape{}
		s.label[start] = number
		stack = append(stack[:0], int32(start))
		for len(stack) > 0 {
			i := int(stack[len(stack)-1])
			stack = stack[:len(stack)-1]
			x, y := i%w, i/w
			next.area++
			next.box = next.box.Union(image.Rect(x, y, x+1, y+1))
			if x == 0 || y == 0 || x == w-1 || y == h-1 {
				next.border++
			}
			for j := range neighbours(x, y, w, h) {
				if s.label[j] < 0 && int(ink.Pix[j]) >= threshold {
					s.label[j] = number
					stack = append(stack, int32(j))
				}
			}
		}
		s.all = append(s.all, next)
	}
	s.findFrames()
	return s
}

// neighbours yields the places of the up to eight pixels around one.
func neighbours(x, y, w, h int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for v := max(y-1, 0); v <= min(y+1, h-1); v++ {
			for u := max(x-1, 0); u <= min(x+1, w-1); u++ {
				if (u != x || v != y) && !yield(v*w+u) {
					return
				}
			}
		}
	}
}

// findFrames marks shapes that go around nearly all of the page and are nowhere but there.
func (s *shapes) findFrames() {
	w, h := s.page.Dx(), s.page.Dy()
	for n := range s.all {
		box := s.all[n].box
		if 10*box.Dx() < 9*w || 10*box.Dy() < 9*h {
			continue
		}
		within := box.Inset(min(w, h) / 20)
		inside := 0
		for y := within.Min.Y; y < within.Max.Y; y++ {
			for _, label := range s.label[y*w+within.Min.X : y*w+within.Max.X] {
				if label == int32(n) {
					inside++
				}
			}
		}
		s.all[n].frame = 50*inside < s.all[n].area
	}
}

// which returns the numbers of the shapes that are so.
func (s *shapes) which(is func(shape) bool) map[int32]bool {
	numbers := map[int32]bool{}
	for i, shape := range s.all {
		if is(shape) {
			numbers[int32(i)] = true
		}
	}
	return numbers
}

// main returns the shapes that make up the drawing: those of at least a tenth of the largest, and
// smaller ones close by, as the dots of an Ä.
func (s *shapes) main() map[int32]bool {
	largest := 0
	for _, shape := range s.all {
		largest = max(largest, shape.area)
	}
	var box image.Rectangle
	for _, shape := range s.all {
		if 10*shape.area >= largest {
			box = box.Union(shape.box)
		}
	}
	near := box.Inset(-max(box.Dx(), box.Dy()) / 8)
	return s.which(func(shape shape) bool {
		return 10*shape.area >= largest || 40*shape.area >= largest && shape.box.Overlaps(near)
	})
}

// scattered says whether some shapes are further from all others, largest first, than these are long.
func (s *shapes) scattered(numbers map[int32]bool) bool {
	left := maps.Clone(numbers)
	var box image.Rectangle
	for n := range left {
		if b := s.all[n].box; b.Dx()*b.Dy() > box.Dx()*box.Dy() {
			box = b
		}
	}
	for grown := true; grown; {
		grown = false
		near := box.Inset(-max(box.Dx(), box.Dy()))
		for n := range left {
			if s.all[n].box.Overlaps(near) {
				box = box.Union(s.all[n].box)
				delete(left, n)
				grown = true
			}
		}
	}
	return len(left) > 0
}

// longest returns the longest side of all shapes.
func (s *shapes) longest() int {
	n := 0
	for _, shape := range s.all {
		n = max(n, shape.box.Dx(), shape.box.Dy())
	}
	return n
}

// grown returns which pixels belong to shapes, or to weaker ink connected to them that is at most so
// many pixels away.
func (s *shapes) grown(ink *image.Gray, numbers map[int32]bool, weak, away int) []bool {
	w, h := s.page.Dx(), s.page.Dy()
	in := make([]bool, len(s.label))
	var edge []int32
	for i, label := range s.label {
		if label >= 0 && numbers[label] {
			in[i] = true
			edge = append(edge, int32(i))
		}
	}
	for range away {
		var next []int32
		for _, i := range edge {
			for j := range neighbours(int(i)%w, int(i)/w, w, h) {
				if !in[j] && int(ink.Pix[j]) >= weak {
					in[j] = true
					next = append(next, int32(j))
				}
			}
		}
		edge = next
	}
	return in
}

// erase takes shapes away, with the weaker ink around them.
func (s *shapes) erase(ink *image.Gray, numbers map[int32]bool, weak, away int) {
	for i, in := range s.grown(ink, numbers, weak, away) {
		if in {
			ink.Pix[i] = 0
		}
	}
}

// drawing returns shapes as what was found.
func (s *shapes) drawing(ink *image.Gray, numbers map[int32]bool, weak int) found {
	var box image.Rectangle
	for n := range numbers {
		box = box.Union(s.all[n].box)
	}
	f := found{ink: image.NewGray(ink.Rect), scattered: s.scattered(numbers)}
	longer := max(box.Dx(), box.Dy())
	for i, in := range s.grown(ink, numbers, weak, 1+longer/8) {
		if in {
			v := ink.Pix[i]
			f.ink.Pix[i] = v
			f.weight += int64(v) * int64(v)
		}
	}
	return f
}
