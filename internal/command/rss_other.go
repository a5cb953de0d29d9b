//go:build !unix

package command

import "runtime"

// peakRSS returns the memory that the Go runtime has taken from the system:
// the nearest figure there is.
func peakRSS() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}
