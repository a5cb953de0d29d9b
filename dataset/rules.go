package dataset

import (
	"image"
	"math"
	"slices"
)

const (
	leastRuled  = 64  // pixels a side of a page that may be ruled
	ruleSamples = 128 // places along a page at which rules are looked for
	mostSlope   = 0.1 // of a rule: six degrees
	ruleEnd     = 16  // the fraction of the samples, one in 16, that counts as the end of a page
)

// ruled is a page of ink seen along one direction: u runs along the rules, v across them.
type ruled struct {
	pix          []uint8
	along, cross int // length of u and of v
	du, dv       int // steps in pix
	floor        uint8
	thick        int // pixels across, at most, of a rule
}

// withoutRules returns ink without the lines of ruled or squared paper, and whether there were any: thin
// straight lines from one edge of the page to the other. Where a drawing crosses a rule it stays.
func withoutRules(ink *image.Gray, noise float64) (*image.Gray, bool) {
	w, h := ink.Rect.Dx(), ink.Rect.Dy()
	if min(w, h) < leastRuled {
		return ink, false
	}
	out := image.NewGray(ink.Rect)
	copy(out.Pix, ink.Pix)
	floor := uint8(min(255, max(faintest/2, visible*noise)))
	thick := max(1, min(w, h)/75)
	level := ruled{out.Pix, w, h, 1, w, floor, thick}
	upright := ruled{out.Pix, h, w, w, 1, floor, thick}
	is := level.erase()
	return out, upright.erase() || is
}

// erase takes away all rules, and says whether there were any.
func (r *ruled) erase() bool {
	samples := min(ruleSamples, r.along)
	at := make([]int, samples)
	for i := range at {
		at[i] = (2*i + 1) * r.along / (2 * samples)
	}
	seen, thin := r.look(at)
	if 2*thin < samples {
		return false
	}
	any := false
	ups := int(mostSlope * float64(r.along) / 2)
	for up := -ups; up <= ups; up++ { // half the pixels by which the rule goes up over the page
		slope := 2 * float64(up) / float64(r.along)
		rise := make([]int, samples)
		for i, u := range at {
			rise[i] = int(math.Round(slope * float64(u)))
		}
		for v := -2 * max(up, 0); v < r.cross-2*min(up, 0); v++ {
			if r.isRule(seen, rise, v) {
				r.eraseLine(slope, v)
				any = true
			}
		}
	}
	return any
}

// What is seen at a place across a sample.
const (
	nothing  = iota
	thinInk  // as of a rule, at most a pixel away
	thickInk // a stroke, or a line along v
)

// look says what each sample shows, [samples, cross], and how many pieces of thin ink there are.
func (r *ruled) look(at []int) (seen []uint8, pieces int) {
	seen = make([]uint8, len(at)*r.cross)
	for i, u := range at {
		column := seen[i*r.cross : (i+1)*r.cross]
		for v := 0; v < r.cross; {
			if r.pix[u*r.du+v*r.dv] < r.floor {
				v++
				continue
			}
			end := r.end(u, v)
			if end-v > r.thick {
				for ; v < end; v++ {
					column[v] = thickInk
				}
				continue
			}
			pieces++
			for k := max(0, (v+end-1)/2-1); k <= min(r.cross-1, (v+end)/2+1); k++ {
				if column[k] == nothing {
					column[k] = thinInk
				}
			}
			v = end
		}
	}
	return seen, pieces
}

// end returns where the ink that v is in ends.
func (r *ruled) end(u, v int) int {
	for v < r.cross && r.pix[u*r.du+v*r.dv] >= r.floor {
		v++
	}
	return v
}

// isRule says whether a line that is at v where u is 0 is of ink from end to end, most of it thin.
func (r *ruled) isRule(seen []uint8, rise []int, v int) bool {
	n := len(rise)
	end := (n + ruleEnd - 1) / ruleEnd
	thin, thick, first, last := 0, 0, 0, 0
	for i, up := range rise {
		k := v + up
		what := uint8(thickInk) // beyond the page
		if k >= 0 && k < r.cross {
			what = seen[i*r.cross+k]
		}
		switch what {
		case thinInk:
			thin++
		case thickInk:
			thick++
		default:
			if 10*(i+1-thin-thick) > 2*n {
				return false
			}
			continue
		}
		if i < end {
			first++
		}
		if i >= n-end {
			last++
		}
	}
	return 2*thin >= n && 2*first >= end && 2*last >= end
}

// eraseLine takes away the thin ink along a line.
func (r *ruled) eraseLine(slope float64, v int) {
	reach := 1 + r.thick/4
	type piece struct{ u, from, to int }
	var pieces []piece
	for u := range r.along {
		middle := v + int(math.Round(slope*float64(u)))
		for away := range 2*reach + 1 { // 0, -1, 1, -2, 2, …
			k := middle + (away+1)/2*(1-away%2*2)
			if k < 0 || k >= r.cross || r.pix[u*r.du+k*r.dv] < r.floor {
				continue
			}
			from := k
			for from > 0 && r.pix[u*r.du+(from-1)*r.dv] >= r.floor {
				from--
			}
			if to := r.end(u, k); to-from <= r.thick {
				pieces = append(pieces, piece{u, from, to})
			}
			break
		}
	}
	if len(pieces) == 0 {
		return
	}
	lengths := make([]int, len(pieces))
	for i, p := range pieces {
		lengths[i] = p.to - p.from
	}
	slices.Sort(lengths)
	usual := lengths[len(lengths)/2]
	for _, p := range pieces {
		if p.to-p.from > usual+2 {
			continue
		}
		for k := max(0, p.from-1); k < min(r.cross, p.to+1); k++ {
			r.pix[p.u*r.du+k*r.dv] = 0
		}
	}
}
