package vector

import "fmt"

// Finish is what follows the sums of one channel of a layer.
type Finish struct {
	Bias                float32
	Normal              bool // there is a normalisation
	Mean, Factor, Shift float32
	Clip                bool
	Lo, Hi              float32
}

// Apply computes, for each value of a channel,
//
//	y = clip(((x + Bias) − Mean)·Factor + Shift + add, Lo, Hi)
//
// each step rounded as if it stood alone, and NaN kept. add may be nil for none;
// y may be x or add.
func (f *Finish) Apply(y, x, add []float32) {
	y = y[:len(x)]
	if add != nil {
		add = add[:len(x)]
	}
	if len(x) > 0 && !f.whole(y, x, add) {
		f.applyGo(y, x, add)
	}
}

// applyGo is Apply. The conversion keeps the compiler from fusing a product with
// a sum.
func (f *Finish) applyGo(y, x, add []float32) {
	for i, v := range x {
		v += f.Bias
		if f.Normal {
			v = float32((v-f.Mean)*f.Factor) + f.Shift
		}
		if add != nil {
			v += add[i]
		}
		if f.Clip {
			v = min(max(v, f.Lo), f.Hi) + 0
		}
		y[i] = v
	}
}

// what returns what there is of a Finish, as the assembly has it, and where add is.
func (f *Finish) what(add []float32) (what int, with *float32) {
	if f.Normal {
		what |= 1
	}
	if add != nil {
		what |= 2
		with = &add[0]
	}
	if f.Clip {
		what |= 4
	}
	return what, with
}

// Taps computes y[i] = Σ weights[t]·x[at[t]+i], for as many i as y has elements:
// a convolution whose taps are shifts of one run of numbers.
func Taps(y, x []float32, at []int, weights []float32) {
	checkShifts(len(y), len(x), at)
	weights = weights[:len(at)]
	if len(y) > 0 && !tapsWhole(y, x, at, weights) {
		clear(y)
		for t, k := range weights {
			for i, v := range x[at[t]:][:len(y)] {
				y[i] += float32(k * v)
			}
		}
	}
}

// Largest computes y[i] = max x[at[t]+i] over t, for as many i as y has elements. NaN
// wins over all.
func Largest(y, x []float32, at []int) {
	checkShifts(len(y), len(x), at)
	if len(y) > 0 && !largestWhole(y, x, at) {
		copy(y, x[at[0]:])
		for _, from := range at[1:] {
			for i, v := range x[from:][:len(y)] {
				y[i] = max(y[i], v)
			}
		}
	}
}

// checkShifts panics unless there are shifts, and n numbers follow each: the assembly
// does not check.
func checkShifts(n, length int, at []int) {
	for _, from := range at {
		if from < 0 || from+n > length {
			panic(fmt.Sprintf("vector: found a shift of %d, expected %d of %d numbers after it", from, n, length))
		}
	}
	if len(at) == 0 {
		panic("vector: found no shifts")
	}
}
