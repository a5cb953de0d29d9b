package feature

import (
	"math"
	"runtime/debug"

	"github.com/pkg/errors"
	"github.com/shirou/gopsutil/v4/mem"
)

// assumedMemory is how many bytes are taken to be free where the system does
// not say.
const assumedMemory = 1 << 30

// MemoryBound returns how many bytes of features may be in memory: those asked
// for, or half of what is free when that is 0.
func MemoryBound(asked int64) (int64, error) {
	if asked < 0 {
		return 0, errors.Wrapf(ErrCache, "memory for features: found %d bytes, expected 0 or more", asked)
	}
	if asked > 0 {
		return asked, nil
	}
	return freeMemory() / 2, nil
}

// freeMemory returns how many bytes the system can give without swapping (on
// Linux MemAvailable of /proc/meminfo), and no more than GOMEMLIMIT.
func freeMemory() int64 {
	free := int64(assumedMemory)
	if v, err := mem.VirtualMemory(); err == nil && v.Available > 0 && v.Available < math.MaxInt64 {
		free = int64(v.Available)
	}
	return min(free, debug.SetMemoryLimit(-1))
}
