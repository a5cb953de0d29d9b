package feature

import (
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/pkg/errors"
)

// KnownOf returns the feature files with the features of these examples, or nil if the
// examples are not from Shards.Sets.
func KnownOf(data dataset.Examples) *Shards {
	set, is := data.(*dataset.Set)
	if !is {
		return nil
	}
	s, _ := set.Known().(*Shards)
	return s
}

// known returns the features of a set from its feature files.
func (t *Trunk) known(s *Shards, set *dataset.Set) (*Set, error) {
	if err := s.of(t); err != nil {
		return nil, err
	}
	k := &known{s, s.header.size(), slices.Clone(s.header.Shape), make([]uint64, set.Len()), set}
	for i := range k.at {
		k.at[i] = s.order[set.Place(i)]
	}
	return &Set{Examples: k, Source: Files, rows: k}, nil
}

// of returns an error unless the files were made by that trunk. It ignores the kernel:
// a head may be trained on another machine than the one that computed the features.
func (s *Shards) of(t *Trunk) error {
	origin, err := t.Origin()
	if err != nil {
		return err
	}
	if len(s.files) == 0 {
		return errors.Wrap(ErrShard, "features: found closed files")
	}
	origin.Kernel = s.header.Kernel
	if difference := s.header.difference(origin, "as the network has it"); difference != "" {
		return errors.Wrapf(ErrShard, "%s: %s", escape.Text(s.files[0].path), difference)
	}
	return nil
}

// known holds the features of a set, in mapped files.
type known struct {
	shards *Shards
	size   int
	shape  []int
	at     []uint64 // as in Shards.order
	set    *dataset.Set
}

func (k *known) Len() int            { return len(k.at) }
func (k *known) ExampleShape() []int { return slices.Clone(k.shape) }
func (k *known) Label(i int) int     { return k.set.Label(i) }

func (k *known) row(i int) []float32 {
	row := make([]float32, k.size)
	k.Gather(row, []int{i})
	return row
}

// block returns false: the rows are in files.
func (k *known) block(int, int) ([]float32, bool) { return nil, false }

func (k *known) Gather(dst []float32, indices []int) {
	mustRead(k.shards.lost, func() {
		for i, index := range indices {
			at := k.at[index]
			copy(dst[i*k.size:(i+1)*k.size], k.shards.files[at>>rowBits].view(int(at&(1<<rowBits-1))))
		}
	})
}

func (k *known) inMemory() int64 { return 0 }

// close unmaps nothing: the files belong to whoever opened them.
func (k *known) close() error {
	for _, f := range k.shards.files {
		if err := f.mapped.unchanged(); err != nil {
			return err
		}
	}
	return nil
}
