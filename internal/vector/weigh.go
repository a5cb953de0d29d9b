package vector

import "fmt"

// WeightBits is how many bits a fixed-point weight of bytes has behind the point.
const WeightBits = 22

// AddBytes computes sums[i] += weight·line[i], for as many i as sums has elements.
func AddBytes(sums []int32, line []byte, weight int32) {
	line = line[:len(sums)]
	done := 0
	if len(sums) > 0 {
		done = addBytesWhole(sums, line, weight)
	}
	for i := done; i < len(sums); i++ {
		sums[i] += weight * int32(line[i])
	}
}

// Weigh makes a row of pixels, four bytes each, of another. Pixel i of out [n,4] is the
// sum of the pixels of row from first[i] on, times weights[i], of weights [n,taps],
// rounded by RoundByte.
func Weigh(out, row []byte, first []int, weights []int32) {
	n := len(first)
	taps := len(weights) / max(n, 1)
	if taps == 0 {
		clear(out[:4*n])
		return
	}
	out, weights = out[:4*n], weights[:n*taps]
	for _, p := range first {
		if p < 0 || p > len(row)/4-taps {
			panic(fmt.Sprintf("vector: found pixels %d to %d of a row of %d", p, p+taps-1, len(row)/4))
		}
	}
	if !weighWhole(out, row, first, weights) {
		weighGo(out, row, first, weights)
	}
}

func weighGo(out, row []byte, first []int, weights []int32) {
	taps := len(weights) / len(first)
	for i, p := range first {
		var a, b, c, d int32
		pixels := row[4*p:][:4*taps]
		for t, w := range weights[i*taps:][:taps] {
			p := pixels[4*t : 4*t+4 : 4*t+4]
			a += w * int32(p[0])
			b += w * int32(p[1])
			c += w * int32(p[2])
			d += w * int32(p[3])
		}
		out[4*i], out[4*i+1], out[4*i+2], out[4*i+3] = RoundByte(a), RoundByte(b), RoundByte(c), RoundByte(d)
	}
}

// RoundByte rounds a weighted sum of bytes to a byte.
func RoundByte(sum int32) byte { return byte(min(max((sum+1<<(WeightBits-1))>>WeightBits, 0), 255)) }
