package graphop_test

import "github.com/lastlayer/lastlayer/model/graphop"

// under returns the index of the value of b that NumPy's rule pairs with value i of a.
func under(a, b array, i int) int {
	at, step := 0, 1
	for k := len(a.shape) - 1; k >= 0; k-- {
		if j := k - len(a.shape) + len(b.shape); j >= 0 {
			if b.shape[j] > 1 {
				at += i % a.shape[k] * step
			}
			step *= b.shape[j]
		}
		i /= a.shape[k]
	}
	return at
}

func naiveAdd(a, b array) (array, backward) {
	y := zeros(a.shape...)
	for i, v := range a.v {
		y.v[i] = v + b.v[under(a, b, i)]
	}
	return y, func(dy array) []array {
		db := zeros(b.shape...)
		for i, d := range dy.v {
			db.v[under(a, b, i)] += d
		}
		return []array{dy, db}
	}
}

func naiveMultiply(a, b array) (array, backward) {
	y := zeros(a.shape...)
	for i, v := range a.v {
		y.v[i] = v * b.v[under(a, b, i)]
	}
	return y, func(dy array) []array {
		da, db := zeros(a.shape...), zeros(b.shape...)
		for i, d := range dy.v {
			j := under(a, b, i)
			da.v[i] = d * b.v[j]
			db.v[j] += d * a.v[i]
		}
		return []array{da, db}
	}
}

// swapped is an operator with its two operands swapped.
func swapped(f func(a, b array) (array, backward)) func(a, b array) (array, backward) {
	return func(a, b array) (array, backward) {
		y, back := f(b, a)
		return y, func(dy array) []array {
			d := back(dy)
			return []array{d[1], d[0]}
		}
	}
}

// moved is a tensor of that shape. Its value i is value at of an input, as returned by
// from(i), or fill if there is none.
func moved(in []array, shape []int, fill float64, from func(i int) (input, at int)) (array, backward) {
	y := zeros(shape...)
	for i := range y.v {
		y.v[i] = fill
		if k, at := from(i); at >= 0 {
			y.v[i] = in[k].v[at]
		}
	}
	return y, func(dy array) []array {
		grads := make([]array, len(in))
		for k, a := range in {
			grads[k] = zeros(a.shape...)
		}
		for i, d := range dy.v {
			if k, at := from(i); at >= 0 {
				grads[k].v[at] += d
			}
		}
		return grads
	}
}

func naiveConcat(in []array) (array, backward) {
	shape := append([]int(nil), in[0].shape...)
	shape[1] = 0
	for _, a := range in {
		shape[1] += a.shape[1]
	}
	plane := in[0].plane()
	return moved(in, shape, 0, func(i int) (int, int) {
		row, c := i/plane/shape[1], i/plane%shape[1]
		k := 0
		for c >= in[k].shape[1] {
			c -= in[k].shape[1]
			k++
		}
		return k, (row*in[k].shape[1]+c)*plane + i%plane
	})
}

func naiveSlice(x array, from, to int) (array, backward) {
	shape := append([]int(nil), x.shape...)
	shape[1] = to - from
	plane := x.plane()
	return moved([]array{x}, shape, 0, func(i int) (int, int) {
		return 0, (i/plane/shape[1]*x.shape[1]+i/plane%shape[1]+from)*plane + i%plane
	})
}

// naiveShuffle is a transpose of [N,groups,C/groups,...].
func naiveShuffle(x array, groups int) (array, backward) {
	channels, plane := x.shape[1], x.plane()
	to := make([]int, channels)
	for g := range groups {
		for i := range channels / groups {
			to[i*groups+g] = g*channels/groups + i
		}
	}
	return moved([]array{x}, x.shape, 0, func(i int) (int, int) {
		c := i / plane % channels
		return 0, i + (to[c]-c)*plane
	})
}

func naivePad(x array, p graphop.Pads, mode graphop.PadMode, value float64) (array, backward) {
	h, w := x.shape[2], x.shape[3]
	outH, outW := h+p[0]+p[2], w+p[1]+p[3]
	source := func(i, length int) int {
		for mode == graphop.PadReflect && (i < 0 || i >= length) {
			if i < 0 {
				i = -i
			} else {
				i = 2*length - 2 - i
			}
		}
		if mode == graphop.PadEdge {
			return min(max(i, 0), length-1)
		}
		if i >= length {
			return -1
		}
		return i
	}
	return moved([]array{x}, []int{x.shape[0], x.shape[1], outH, outW}, value, func(i int) (int, int) {
		y, x := source(i/outW%outH-p[0], h), source(i%outW-p[1], w)
		if y < 0 || x < 0 {
			return 0, -1
		}
		return 0, (i/(outH*outW)*h+y)*w + x
	})
}
