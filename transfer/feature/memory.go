package feature

import (
	"github.com/lastlayer/lastlayer/internal/memory"
	"github.com/pkg/errors"
)

// MemoryBound returns the maximum number of bytes of features in memory: asked, or half
// of the free memory if asked is 0.
func MemoryBound(asked int64) (int64, error) {
	if asked < 0 {
		return 0, errors.Wrapf(ErrCache, "memory for features: found %d bytes, expected 0 or more", asked)
	}
	if asked > 0 {
		return asked, nil
	}
	return memory.Free() / 2, nil
}
