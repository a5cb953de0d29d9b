package torch

import (
	"bytes"
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"
)

// allowed is what reading the pickles of a file may allocate in all.
func allowed(size int) uint64 { return uint64(4*size) + 64<<20 }

// allocated returns what f allocates, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func unpickle(data []byte) error {
	p := newParser(int64(len(data)))
	_, _, err := p.unpickle(bytes.NewReader(data), 0, int64(len(data)))
	return err
}

// text is an operation that pushes a text.
func text(n int) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) + strings.Repeat("x", n)
}

// No pickle makes gopickle allocate more than its length allows, or run for
// long. Each is tried at lengths up to where scan refuses it.
func TestHostilePickles(t *testing.T) {
	const ordered = "ccollections\nOrderedDict\n"
	for reason, make := range map[string]func(n int) string{
		"marks":           func(n int) string { return strings.Repeat("(", n) + "." },
		"dictionaries":    func(n int) string { return "(" + strings.Repeat("}", n) + "t." },
		"lists":           func(n int) string { return "(" + strings.Repeat("]", n) + "t." },
		"sets":            func(n int) string { return "(" + strings.Repeat("\x8f", n) + "t." },
		"tuples":          func(n int) string { return strings.Repeat(")", n) + "." },
		"nested":          func(n int) string { return ")" + strings.Repeat("\x85", n) + "." },
		"numbers":         func(n int) string { return "(" + strings.Repeat("K\x01", n) + "l." },
		"classes":         func(n int) string { return "(" + strings.Repeat("cm\nn\n", n) + "t." },
		"ordered":         func(n int) string { return ordered + "q\x00(" + strings.Repeat("h\x00)R", n) + "t." },
		"objects":         func(n int) string { return "cm\nn\nq\x00(" + strings.Repeat("h\x00)R", n) + "t." },
		"instances":       func(n int) string { return strings.Repeat("(im\nn\n", n) + "." },
		"memo":            func(n int) string { return "K\x01" + memos(n) + "." },
		"memoized":        func(n int) string { return "(" + strings.Repeat("K\x01\x94", n) + "t." },
		"short texts":     func(n int) string { return "(" + strings.Repeat("U\x01x", n) + "t." },
		"lines":           func(n int) string { return "(" + strings.Repeat("I1\n", n) + "t." },
		"one text":        func(n int) string { return text(n) + "." },
		"one line":        func(n int) string { return "V" + strings.Repeat("x", n) + "\n." },
		"one set of keys": func(n int) string { return "}(" + keysOf(n) + "u." },
		"ordered keys":    func(n int) string { return ordered + ")R(" + keysOf(n) + "u." },
		"a frame": func(n int) string {
			return "\x95" + string(binary.LittleEndian.AppendUint64(nil, uint64(n))) + strings.Repeat("N", n) + "."
		},
		"frames": func(n int) string {
			return strings.Repeat("\x95\x00\x10\x00\x00\x00\x00\x00\x00", n) + strings.Repeat("N", 4096) + "."
		},
		"a long number": func(n int) string {
			return "\x8b" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) + strings.Repeat("\x7f", n) + "."
		},
		"a negative number": func(n int) string {
			return "\x8b" + string(binary.LittleEndian.AppendUint32(nil, uint32(n))) + strings.Repeat("\x80", n) + "."
		},
		"a long decimal":      func(n int) string { return "L" + strings.Repeat("9", n) + "\n." },
		"a text printed":      func(n int) string { return ordered + "(" + text(1000) + "q\x00" + strings.Repeat("h\x00", n) + "tR." },
		"a text printed, dup": func(n int) string { return ordered + "(" + text(1000) + strings.Repeat("2", n) + "tR." },
		"printed, by list()": func(n int) string {
			return "(cbuiltins\nlist\n" + text(1000) + "\x85Rq\x00" + strings.Repeat("h\x00", n) + "tcm\nn\n\x86."
		},
		"bytes printed": func(n int) string {
			return ordered + "(" + "B\xe8\x03\x00\x00" + strings.Repeat("\xff", 1000) + "q\x00" + strings.Repeat("h\x00", n) + "tR."
		},
		"one text printed": func(n int) string { return ordered + "(" + text(n) + "tR." },
		"a tuple called":   func(n int) string { return "(" + text(1000) + "q\x00" + strings.Repeat("h\x00", n) + "t)R." },
		"states set": func(n int) string {
			return ordered + ")R}(" + keysOf(n) + "uq\x00b" + strings.Repeat("h\x00b", n) + "."
		},
		"tensors": func(n int) string {
			return "ctorch._utils\n_rebuild_sparse\nq\x00(" + strings.Repeat("h\x00)R", n) + "t."
		},
		"storages": func(n int) string {
			return "(" + strings.Repeat("(U\x07storagectorch\nFloatStorage\nU\x01kU\x03cpuK\x01tQ", n) + "t."
		},
	} {
		slowest := time.Duration(0)
		for n := 16; n < 16<<20; n *= 4 {
			data := []byte(make(n))
			start := time.Now()
			got := allocated(func() { _ = unpickle(data) })
			slowest = max(slowest, time.Since(start))
			if got > allowed(len(data)) {
				t.Errorf("%s: a pickle of %d bytes allocated %d MiB", reason, len(data), got>>20)
			}
			if _, _, err := scan(data, budget(int64(len(data)))); err != nil && err != errShort {
				break
			}
		}
		if slowest > 10*time.Second {
			t.Errorf("%s: took %v", reason, slowest)
		}
	}
}

func memos(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte('r')
		b.Write(binary.LittleEndian.AppendUint32(nil, uint32(i)))
	}
	return b.String()
}

func keysOf(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("U\x04")
		b.Write(binary.LittleEndian.AppendUint32(nil, uint32(i)))
		b.WriteString("N")
	}
	return b.String()
}
