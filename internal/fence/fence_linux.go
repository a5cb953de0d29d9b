// Package fence has memory for tests that is bounded by pages which the process may
// not read: an assembly function that reads one element too many ends the test.
package fence

import (
	"os"
	"syscall"
	"testing"
	"unsafe"
)

const pages = 64

// Memory is pages between two that fault when touched.
type Memory []float32

// New returns memory that the end of the test frees.
func New(t *testing.T) Memory {
	t.Helper()
	page := os.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, (pages+2)*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	for _, end := range [][]byte{mem[:page], mem[len(mem)-page:]} {
		if err := syscall.Mprotect(end, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&mem[page])), pages*page/4)
}

// Place copies x to the end of the memory, or to its start.
func (m Memory) Place(x []float32, atEnd bool) []float32 {
	at := m[:len(x):len(x)]
	if atEnd {
		at = m[len(m)-len(x):]
	}
	copy(at, x)
	return at
}
