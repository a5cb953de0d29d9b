package dataset

import (
	"math/rand/v2"

	"github.com/pkg/errors"
)

// Batches yields the indices 0..n-1 in batches, each once an epoch, shuffled again for every epoch.
// The same n, size and seed give the same batches. It is not for several goroutines.
type Batches struct {
	size  int
	order []int     // the epoch's order; meaningful only once its first batch was taken
	next  int       // batches of this epoch taken, 0..PerEpoch()-1
	rng   *rand.PCG // where the next epoch begins, or this one where next is 0
	start []byte    // rng before it shuffled this epoch; meaningful where next is above 0
}

// BatchState is the place in a sequence of batches, small enough for a checkpoint: not the order,
// but the random source that it was drawn from. It marshals to JSON.
type BatchState struct {
	N        int    `json:"n"`        // examples
	Size     int    `json:"size"`     // of a batch
	RNG      []byte `json:"rng"`      // state of the random source at the start of the epoch
	Position int    `json:"position"` // batches of the epoch taken already, 0..PerEpoch()-1
}

// NewBatches makes batches of size examples out of n. The last of an epoch holds what is left, which
// is less than size where size does not divide n. The error is an ErrArgument.
func NewBatches(n, size int, seed uint64) (*Batches, error) {
	if n < 1 || n > maxImages {
		return nil, errors.Wrapf(ErrArgument, "batches: examples: found %d, expected 1 to %d", n, maxImages)
	}
	if size < 1 {
		return nil, errors.Wrapf(ErrArgument, "batches: batch size: found %d, expected 1 or more", size)
	}
	return &Batches{size: size, order: make([]int, n), rng: rand.NewPCG(seed, streamBatches)}, nil
}

// PerEpoch returns the number of batches of an epoch, a smaller last one counted.
func (b *Batches) PerEpoch() int { return (len(b.order)-1)/b.size + 1 }

// Next returns the indices of the next batch, and whether it is the last of the epoch: the batch
// after it begins a newly shuffled one. The slice is valid until the following call.
func (b *Batches) Next() (indices []int, last bool) {
	if b.next == 0 {
		b.start = b.rngState()
		b.shuffle()
	}
	from := b.next * b.size
	to := from + min(b.size, len(b.order)-from)
	b.next++
	if last = to == len(b.order); last {
		b.next = 0
	}
	return b.order[from:to:to], last
}

// shuffle draws the order of an epoch, which thereby depends on the random source alone and not on
// the epochs before.
func (b *Batches) shuffle() {
	for i := range b.order {
		b.order[i] = i
	}
	rand.New(b.rng).Shuffle(len(b.order), func(i, j int) { b.order[i], b.order[j] = b.order[j], b.order[i] })
}

func (b *Batches) rngState() []byte {
	state, err := b.rng.MarshalBinary()
	if err != nil {
		panic(err) // PCG has 16 bytes to write and no way to fail
	}
	return state
}

// State returns the place in the sequence: SetState with it, on Batches of the same n and size,
// continues with the batch that would have come next.
func (b *Batches) State() BatchState {
	s := BatchState{N: len(b.order), Size: b.size, Position: b.next}
	if b.next == 0 {
		s.RNG = b.rngState()
	} else {
		s.RNG = append(s.RNG, b.start...)
	}
	return s
}

// SetState goes to a place that State returned. A state of another n or size, or one that State
// cannot have returned, is an ErrArgument and changes nothing.
func (b *Batches) SetState(s BatchState) error {
	switch {
	case b == nil || b.rng == nil:
		return errors.Wrap(ErrArgument, "batch state: found no batches, expected those of NewBatches")
	case s.N != len(b.order):
		return errors.Wrapf(ErrArgument, "batch state: n: found %d, expected %d", s.N, len(b.order))
	case s.Size != b.size:
		return errors.Wrapf(ErrArgument, "batch state: size: found %d, expected %d", s.Size, b.size)
	case s.Position < 0 || s.Position >= b.PerEpoch():
		return errors.Wrapf(ErrArgument, "batch state: position: found %d, expected 0 to %d", s.Position, b.PerEpoch()-1)
	}
	rng := new(rand.PCG)
	if err := rng.UnmarshalBinary(s.RNG); err != nil {
		return errors.Wrapf(ErrArgument, "batch state: rng: found %d bytes that are not the state of a PCG", len(s.RNG))
	}
	b.rng, b.next = rng, s.Position
	if b.next > 0 {
		b.start = b.rngState()
		b.shuffle()
	}
	return nil
}
