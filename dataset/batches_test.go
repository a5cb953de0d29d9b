package dataset

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
)

// take returns the next n batches, each with whether it was the last of an epoch at its end.
func take(b *Batches, n int) [][]int {
	var out [][]int
	for range n {
		indices, last := b.Next()
		end := 0
		if last {
			end = 1
		}
		out = append(out, append(slices.Clone(indices), end))
	}
	return out
}

func newBatches(t testing.TB, n, size int, seed uint64) *Batches {
	t.Helper()
	b, err := NewBatches(n, size, seed)
	check(t, err)
	return b
}

func TestBatchesCoverEachEpoch(t *testing.T) {
	for _, c := range []struct{ n, size, perEpoch, rest int }{
		{10, 3, 4, 1}, {9, 3, 3, 3}, {1, 1, 1, 1}, {1, 64, 1, 1}, {5, math.MaxInt, 1, 5}, {7, 1, 7, 1},
	} {
		b := newBatches(t, c.n, c.size, 1)
		if b.PerEpoch() != c.perEpoch {
			t.Errorf("n %d, size %d: found %d batches an epoch, expected %d", c.n, c.size, b.PerEpoch(), c.perEpoch)
		}
		for epoch := range 3 {
			var seen []int
			for i := range c.perEpoch {
				indices, last := b.Next()
				want := c.size
				if i == c.perEpoch-1 {
					want = c.rest
				}
				if len(indices) != want || last != (i == c.perEpoch-1) {
					t.Errorf("n %d, size %d, epoch %d, batch %d: found %d examples, last %v", c.n, c.size, epoch, i, len(indices), last)
				}
				seen = append(seen, indices...)
			}
			slices.Sort(seen)
			for i, v := range seen {
				if i != v {
					t.Fatalf("n %d, size %d, epoch %d: found %v", c.n, c.size, epoch, seen)
				}
			}
		}
	}
}

func TestBatchesFollowTheSeed(t *testing.T) {
	a, b, c := newBatches(t, 100, 7, 1), newBatches(t, 100, 7, 1), newBatches(t, 100, 7, 2)
	first := take(a, 40)
	if !reflect.DeepEqual(first, take(b, 40)) {
		t.Error("the same seed gave another order")
	}
	if reflect.DeepEqual(first, take(c, 40)) {
		t.Error("another seed gave the same order")
	}
	if reflect.DeepEqual(first[:15], first[15:30]) {
		t.Error("the second epoch has the order of the first")
	}
	// A checkpoint made by one build must go on in the next: this order may not change.
	want := [][]int{{6, 7, 9, 0, 0}, {1, 3, 4, 5, 0}, {2, 8, 1}}
	if got := take(newBatches(t, 10, 4, 1), 3); !reflect.DeepEqual(got, want) {
		t.Errorf("the order of seed 1: found %v, expected %v", got, want)
	}
}

func TestBatchesResume(t *testing.T) {
	for stop := range 12 { // 4 batches an epoch: at its start, within, at its end
		b := newBatches(t, 10, 3, 9)
		take(b, stop)
		text, err := json.Marshal(b.State())
		check(t, err)
		want := take(b, 11)

		var state BatchState
		check(t, json.Unmarshal(text, &state))
		resumed := newBatches(t, 10, 3, 1234)
		take(resumed, 5)
		check(t, resumed.SetState(state))
		if again := resumed.State(); !reflect.DeepEqual(again, state) {
			t.Errorf("after %d batches: found state %v, expected %v", stop, again, state)
		}
		if got := take(resumed, 11); !reflect.DeepEqual(got, want) {
			t.Errorf("after %d batches: found %v, expected %v", stop, got, want)
		}
	}
}

func TestBatchStateIsACopy(t *testing.T) {
	b := newBatches(t, 10, 3, 9)
	take(b, 2)
	state := b.State()
	state.RNG[5]++
	if reflect.DeepEqual(b.State(), state) {
		t.Error("the state shares its bytes with the batches")
	}
}

func TestNewBatchesRefuses(t *testing.T) {
	for _, c := range []struct {
		n, size int
		part    string
	}{{0, 1, "examples: found 0"}, {-1, 1, "examples"}, {math.MaxInt, 1, "examples"}, {1, 0, "batch size: found 0"}, {1, -5, "batch size"}} {
		_, err := NewBatches(c.n, c.size, 1)
		wantErr(t, err, ErrArgument, c.part)
	}
}

func TestSetStateRefusesAndChangesNothing(t *testing.T) {
	for _, c := range []struct {
		part  string
		spoil func(*BatchState)
	}{
		{"n: found 11, expected 10", func(s *BatchState) { s.N = 11 }},
		{"size: found 4, expected 3", func(s *BatchState) { s.Size = 4 }},
		{"position: found 4, expected 0 to 3", func(s *BatchState) { s.Position = 4 }},
		{"position: found -1", func(s *BatchState) { s.Position = -1 }},
		{"rng: found 0 bytes", func(s *BatchState) { s.RNG = nil }},
		{"rng: found 19 bytes", func(s *BatchState) { s.RNG = s.RNG[:19] }},
		{"rng: found 20 bytes", func(s *BatchState) { s.RNG[0] = 'x' }},
		{"rng: found 21 bytes", func(s *BatchState) { s.RNG = append(s.RNG, 0) }},
	} {
		b, same := newBatches(t, 10, 3, 9), newBatches(t, 10, 3, 9)
		take(b, 2)
		take(same, 2)
		state := b.State()
		c.spoil(&state)
		wantErr(t, b.SetState(state), ErrArgument, c.part)
		if !reflect.DeepEqual(take(b, 9), take(same, 9)) {
			t.Errorf("%s: the refused state changed the order", c.part)
		}
	}
}

func FuzzBatchState(f *testing.F) {
	b := newBatches(f, 10, 3, 9)
	take(b, 2)
	text, err := json.Marshal(b.State())
	check(f, err)
	for _, seed := range []string{string(text), `{}`, `null`, `{"n":10,"size":3,"rng":"","position":1}`, `{"n":1e99}`, `[`, ``} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var state BatchState
		if json.Unmarshal(text, &state) != nil {
			return
		}
		b := newBatches(t, 10, 3, 1)
		if err := b.SetState(state); err != nil {
			wantErr(t, err, ErrArgument)
			return
		}
		if again := b.State(); !reflect.DeepEqual(again, state) {
			t.Fatalf("found state %v, expected %v", again, state)
		}
		left := b.PerEpoch() - state.Position
		if taken := take(b, left); taken[left-1][len(taken[left-1])-1] != 1 {
			t.Fatal("the epoch did not end where the state says")
		}
	})
}
