package gemm

// Finish is what follows the sums of a layer that is computed as a product. Each row
// of C is a channel and becomes
//
//	C = clip(((A·B + Bias) − Mean)·Factor + Shift + Add, Lo, Hi)
//
// each step rounded as if it stood alone, and NaN kept, as package vector's Finish does.
type Finish struct {
	Rows         []After   // one a row of C
	Normal, Clip bool      // whether there is a normalisation and a clipping
	Add          []float32 // laid out as C; nil for none
}

// After is a row's numbers.
type After struct{ Bias, Mean, Factor, Shift, Lo, Hi float32 }

// what returns the steps there are, as bits for the assembly.
func (f *Finish) what() int {
	what := 0
	if f.Normal {
		what |= 1
	}
	if f.Add != nil {
		what |= 2
	}
	if f.Clip {
		what |= 4
	}
	return what
}

// finishes reports whether the kernel finishes the product as it computes it.
func (g *product) finishes() bool { return g.finish != nil && inUse.finishes && g.k > 0 }

// AddsInPlace reports whether Add may be C itself in products of k rows of B with the
// kernel in use: it reads the values of a tile just before it writes them, if the tile is
// not written before with part of the sums.
func AddsInPlace(k int) bool { return inUse.finishes && k <= maxKC }

// From returns what follows the rows from row i on; rows of Add are ld apart.
func (f *Finish) From(i, ld int) *Finish {
	if f == nil {
		return nil
	}
	rest := *f
	rest.Rows = f.Rows[i:]
	if f.Add != nil {
		rest.Add = f.Add[i*ld:]
	}
	return &rest
}
