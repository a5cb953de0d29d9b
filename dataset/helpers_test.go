package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/errors"
)

// wantErr checks that err is of a kind, is one line, and holds the given parts.
func wantErr(t *testing.T, err, kind error, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("found error %v, expected one that is %q", err, kind)
	}
	if strings.ContainsAny(err.Error(), "\n\r") {
		t.Errorf("error of several lines: %q", err)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q, expected it to hold %q", err, part)
		}
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// idxFile returns the bytes of an IDX file of unsigned bytes.
func idxFile(dims []int, data []byte) []byte {
	out := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		out = binary.BigEndian.AppendUint32(out, uint32(d))
	}
	return append(out, data...)
}

// zipped returns data as a gzip stream of one member.
func zipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(data)
	check(t, err)
	check(t, w.Close())
	return out.Bytes()
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(path), 0o755))
	check(t, os.WriteFile(path, data, 0o644))
}

// allocated returns the bytes that f allocates, those collected meanwhile included.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// ramp is a set of n images [1,2,2], the first pixel of which is their number, and whose classes
// a, b and c take turns.
func ramp(t testing.TB, n int) *Set {
	t.Helper()
	pixels, labels := make([]byte, 4*n), make([]int, n)
	for i := range n {
		pixels[4*i], labels[i] = byte(i), i%3
	}
	s, err := NewSet("ramp", []int{1, 2, 2}, pixels, labels, []string{"a", "b", "c"}, MNISTPreprocessing())
	check(t, err)
	return s
}

// numbers returns the first pixel of each image: which images of a ramp they are.
func numbers(s *Set) []int {
	out := make([]int, s.Len())
	for i := range out {
		out[i] = int(s.Image(i)[0])
	}
	return out
}

// readMNIST opens the real files once for all tests, from the Go module in go.mod.
var readMNIST = sync.OnceValues(func() (sets [2]*Set, err error) {
	m := newMNIST(Options{})
	for _, dir := range m.modules() {
		if sets[0], sets[1], err = m.read(dir); err == nil {
			return sets, nil
		}
	}
	return sets, errors.Wrap(ErrNotFound, "the Go module with MNIST: "+fmt.Sprint(err))
})

func realMNIST(t *testing.T) (train, test *Set) {
	t.Helper()
	sets, err := readMNIST()
	check(t, err)
	return sets[0], sets[1]
}
