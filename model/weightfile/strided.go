package weightfile

// gather returns the values of a tensor in row-major order, the last index
// running fastest. Element (i, j, ...) stands at i*strides[0] + j*strides[1] +
// ... of values; the caller has made sure that all of them are there.
func gather(values []float32, shape, strides []int) []float32 {
	n := 1
	for _, side := range shape {
		n *= side
	}
	out := make([]float32, n)
	index, at := make([]int, len(shape)), 0
	for i := range out {
		out[i] = values[at]
		for d := len(shape) - 1; d >= 0; d-- {
			if index[d]++; index[d] < shape[d] {
				at += strides[d]
				break
			}
			index[d] = 0
			at -= (shape[d] - 1) * strides[d]
		}
	}
	return out
}

// fortranStrides are those of an array whose first index runs fastest.
func fortranStrides(shape []int) []int {
	strides, step := make([]int, len(shape)), 1
	for i, side := range shape {
		strides[i] = step
		step *= side
	}
	return strides
}
