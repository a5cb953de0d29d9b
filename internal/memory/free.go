// Package memory says how much memory the machine can give, and how much the
// program has taken.
package memory

import (
	"math"
	"runtime/debug"

	"github.com/shirou/gopsutil/v4/mem"
)

// assumed is how many bytes are taken to be free where the system does not say.
const assumed = 1 << 30

// Free returns how many bytes the system can give without swapping (on Linux
// MemAvailable of /proc/meminfo), and no more than GOMEMLIMIT.
func Free() int64 {
	free := int64(assumed)
	if v, err := mem.VirtualMemory(); err == nil && v.Available > 0 && v.Available < math.MaxInt64 {
		free = int64(v.Available)
	}
	return min(free, debug.SetMemoryLimit(-1))
}
