package gemm

import (
	"math/rand/v2"
	"os"
	"slices"
	"syscall"
	"testing"
	"unsafe"
)

// fence holds memory between two pages that fault when touched.
type fence []float32

const fencePages = 64

func newFence(t *testing.T) fence {
	t.Helper()
	page := os.Getpagesize()
	mem, err := syscall.Mmap(-1, 0, (fencePages+2)*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
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
	return unsafe.Slice((*float32)(unsafe.Pointer(&mem[page])), fencePages*page/4)
}

// place copies x to the end of the memory, or to its start.
func (f fence) place(x []float32, atEnd bool) []float32 {
	at := f[:len(x):len(x)]
	if atEnd {
		at = f[len(f)-len(x):]
	}
	copy(at, x)
	return at
}

// TestStaysInside runs products of slices next to pages that fault, so that
// reading one element too many ends the test.
func TestStaysInside(t *testing.T) {
	fa, fb, fc := newFence(t), newFence(t), newFence(t)
	each(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		var ws Workspace
		for i := range 1000 {
			q := randomCall(rng)
			na, nb, nc := q.sizes()
			atEnd := i%2 == 0
			a, b := fa.place(filled(rng, na), atEnd), fb.place(filled(rng, nb), atEnd)
			old := filled(rng, nc)
			c := fc.place(slices.Clone(old), atEnd)
			q.sgemm(&ws, a, b, c)
			if err := q.check(a, b, old, c); err != nil {
				t.Fatal(err)
			}
		}
	})
}
