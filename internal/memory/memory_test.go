package memory

import (
	"runtime/debug"
	"testing"
)

// TestFree keeps within a limit that is set.
func TestFree(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(300 << 20))
	if free := Free(); free < 1 || free > 300<<20 {
		t.Errorf("found %d bytes free, expected 1 to the limit of 300 MiB", free)
	}
}

// TestPeak grows by what is held.
func TestPeak(t *testing.T) {
	before := Peak()
	if before < 1<<20 {
		t.Fatalf("found a peak of %d bytes, expected a MiB or more", before)
	}
	held := make([]byte, before+64<<20)
	for i := range held {
		held[i] = 1
	}
	if after := Peak(); after < before+64<<20 {
		t.Errorf("found a peak of %d bytes after %d and %d more, expected no less than 64 MiB above the first", after, before, len(held))
	}
}
