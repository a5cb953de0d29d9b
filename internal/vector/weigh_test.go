package vector

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomBytes returns n bytes between others, and a function that tells whether those are as they were.
func randomBytes(rng *rand.Rand, n int) (x []byte, intact func() bool) {
	const margin = 40
	all := make([]byte, n+2*margin)
	for i := range all {
		all[i] = byte(rng.Uint32())
	}
	before := slices.Clone(all)
	return all[margin : margin+n : margin+n], func() bool {
		return bytes.Equal(all[:margin], before[:margin]) && bytes.Equal(all[margin+n:], before[margin+n:])
	}
}

// Sums of bytes wrap round as those in Go.
func TestAddBytes(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(7, 7))
		for n := range 150 {
			const margin = 20
			all := make([]int32, n+2*margin)
			for i := range all {
				all[i] = int32(rng.Uint32())
			}
			line, _ := randomBytes(rng, n)
			weight := int32(rng.Uint32())
			want := slices.Clone(all)
			for i, v := range line {
				want[margin+i] += weight * int32(v)
			}
			AddBytes(all[margin:margin+n], line, weight)
			if !slices.Equal(all, want) {
				t.Errorf("n %d, weight %d: found %v, expected %v", n, weight, all, want)
			}
		}
	})
}

func TestWeigh(t *testing.T) {
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(8, 8))
		for n := range 70 {
			for _, taps := range []int{0, 1, 2, 3, 4, 9} {
				row, _ := randomBytes(rng, 4*(taps+rng.IntN(50)))
				first, weights := make([]int, n), make([]int32, n*taps)
				for i := range first {
					first[i] = rng.IntN(len(row)/4 - taps + 1)
				}
				for i := range weights { // some large, so that sums leave the bytes and wrap round
					weights[i] = int32(rng.Uint32()) >> rng.IntN(12)
				}
				out, intact := randomBytes(rng, 4*n)
				Weigh(out, row, first, weights)
				want := make([]byte, 4*n)
				for i := range want {
					var sum int32
					for t := range taps {
						sum += weights[i/4*taps+t] * int32(row[4*(first[i/4]+t)+i%4])
					}
					want[i] = RoundByte(sum)
				}
				if !bytes.Equal(out, want) || !intact() {
					t.Errorf("%d pixels of %d taps: found %v, expected %v; others intact: %t", n, taps, out, want, intact())
				}
			}
		}
	})
}
