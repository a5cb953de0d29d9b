//go:build !unix

package memory

import "runtime"

// Peak returns the memory that the Go runtime has taken from the system:
// the nearest figure there is.
func Peak() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
