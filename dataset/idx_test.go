package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pkg/errors"
)

func read(content []byte, rank int) (dims []int, data []byte, err error) {
	return readIDX(bytes.NewReader(content), int64(len(content)), "some.file", rank)
}

func TestReadIDX(t *testing.T) {
	images := idxFile([]int{2, 2, 3}, []byte("abcdefghijkl"))
	for reason, content := range map[string][]byte{
		"plain":       images,
		"gzip":        zipped(t, images),
		"two members": append(zipped(t, images[:9]), zipped(t, images[9:])...),
		"padded":      append(zipped(t, images), make([]byte, 10_000)...),
	} {
		path := filepath.Join(t.TempDir(), "any.name")
		writeFile(t, path, content)
		shape, pixels, err := ReadIDXImages(path)
		check(t, err)
		if !slices.Equal(shape, []int{2, 1, 2, 3}) || string(pixels) != "abcdefghijkl" {
			t.Errorf("%s: found %v %q", reason, shape, pixels)
		}
	}
	path := filepath.Join(t.TempDir(), "labels")
	writeFile(t, path, idxFile([]int{3}, []byte{7, 0, 255}))
	labels, err := ReadIDXLabels(path)
	check(t, err)
	if !bytes.Equal(labels, []byte{7, 0, 255}) {
		t.Errorf("found labels %v", labels)
	}
}

func TestReadIDXRefuses(t *testing.T) {
	good := idxFile([]int{2, 2, 2}, []byte("abcdefgh"))
	spoilt := func(at int, b byte) []byte {
		out := slices.Clone(good)
		out[at] = b
		return out
	}
	flipped := zipped(t, good)
	flipped[len(flipped)-5] ^= 1 // in the checksum
	for _, c := range []struct {
		reason  string
		content []byte
		kind    error
		part    string
	}{
		{"empty", nil, ErrFormat, "magic: found 0 bytes"},
		{"a short magic", good[:3], ErrFormat, "magic: found 3 bytes"},
		{"another magic", spoilt(0, 'P'), ErrFormat, "magic: found bytes 50 00 08 03"},
		{"signed bytes", spoilt(2, 9), ErrFormat, "type: found 0x09, expected 0x08"},
		{"floats", spoilt(2, 0x0d), ErrFormat, "type: found 0x0d"},
		{"labels for images", idxFile([]int{1}, []byte{1}), ErrFormat, "dimensions: found 1, expected 3 for images"},
		{"two dimensions", idxFile([]int{1, 1}, []byte{1}), ErrFormat, "dimensions: found 2"},
		{"colour", idxFile([]int{1, 1, 1, 3}, []byte{1, 2, 3}), ErrFormat, "colour"},
		{"a short header", good[:10], ErrFormat, "dimensions: found 6 bytes, expected 12"},
		{"a dimension of 0", spoilt(15, 0), ErrFormat, "dimension 3: found 0"},
		{"too large", idxFile([]int{1 << 20, 1 << 10, 2}, nil), ErrTooLarge, "dimension 3"},
		{"a product that overflows", idxFile([]int{1 << 31, 1 << 31, 4}, nil), ErrTooLarge, "dimension 1"},
		{"largest numbers", idxFile([]int{-1, -1, -1}, nil), ErrTooLarge, "dimension 1"},
		{"far too short", idxFile([]int{1000, 28, 28}, []byte("abc")), ErrFormat, "length: found 19 bytes in the file, expected 784000"},
		{"truncated by one", good[:len(good)-1], ErrFormat, "data: found 7 bytes, expected 8"},
		{"a byte too many", append(slices.Clone(good), 0), ErrFormat, "more than the 8 bytes"},
		{"gzip: magic alone", []byte{0x1f, 0x8b}, ErrFormat, "gzip header"},
		{"gzip: truncated", zipped(t, good)[:20], ErrFormat, ""},
		{"gzip: no checksum", flipped[:len(flipped)-8], ErrFormat, "after the data"},
		{"gzip: wrong checksum", flipped, ErrFormat, "after the data: gzip: invalid checksum"},
		{"gzip: garbage after it", append(zipped(t, good), "garbage"...), ErrFormat, "after the data"},
		{"gzip: garbage after padding", append(zipped(t, good), "\x00\x00garbage"...), ErrFormat, "after the data"},
		{"gzip: data after the data", append(zipped(t, good), zipped(t, []byte("x"))...), ErrFormat, "more than the 8 bytes"},
		{"gzip: short data", zipped(t, good[:len(good)-1]), ErrFormat, "data: found 7 bytes, expected 8"},
		{"gzip: more than it may hold", zipped(t, idxFile([]int{1000, 1000, 1000}, nil)), ErrTooLarge, "from a gzip file of"},
		{"gzip in gzip", zipped(t, zipped(t, good)), ErrFormat, "magic: found bytes 1f 8b"},
	} {
		t.Run(c.reason, func(t *testing.T) {
			_, _, err := read(c.content, 3)
			wantErr(t, err, c.kind, "some.file", c.part)
		})
	}
}

// TestReadIDXFlippedBits holds every single flipped bit of a packed file to be noticed, but those of
// the gzip header that say nothing of the data (time, level, system).
func TestReadIDXFlippedBits(t *testing.T) {
	good := zipped(t, idxFile([]int{2, 2, 2}, []byte("abcdefgh")))
	for i := range good {
		if i >= 4 && i <= 9 {
			continue
		}
		for bit := range 8 {
			content := slices.Clone(good)
			content[i] ^= 1 << bit
			_, data, err := read(content, 3)
			if err == nil && string(data) != "abcdefgh" {
				t.Errorf("byte %d, bit %d: found %q and no error", i, bit, data)
			}
			if err != nil && !errors.Is(err, ErrFormat) && !errors.Is(err, ErrTooLarge) {
				t.Errorf("byte %d, bit %d: found error %v of no kind", i, bit, err)
			}
		}
	}
}

func TestReadIDXMemory(t *testing.T) {
	const constant = 256 << 10 // gzip's and our buffers
	packed := zipped(t, make([]byte, 1<<20))
	// bomb is a header and that many MiB of zeros, each a gzip member of 1 KB.
	bomb := func(mib int, dims ...int) []byte {
		return append(zipped(t, idxFile(dims, nil)), bytes.Repeat(packed, mib)...)
	}
	for _, c := range []struct {
		reason  string
		content []byte
		bound   int64 // bytes, above what the file holds
	}{
		{"a plain file that lies", idxFile([]int{60000, 28, 28}, nil), constant},
		{"a gzip file that lies", zipped(t, idxFile([]int{60000, 28, 28}, nil)), constant},
		{"a gzip file that lies beyond the limit", zipped(t, idxFile([]int{1000, 1000, 1000}, nil)), constant},
		{"a bomb behind the data", bomb(80, 1, 1, 1), constant},
		// 80 MiB of zeros pack to 80 KB, and so may unpack to 16 MiB.
		{"a bomb as data", bomb(80, 80, 1<<10, 1<<10), constant},
		{"a bomb as data within the limit", bomb(80, 16, 1<<10, 1<<10), 3 * maxIDXFree},
	} {
		var err error
		got := allocated(func() { _, _, err = read(c.content, 3) })
		if err == nil {
			t.Errorf("%s: found no error", c.reason)
		}
		if limit := c.bound + guessedRatio*int64(len(c.content)); got > limit {
			t.Errorf("%s: found %d bytes allocated, expected at most %d", c.reason, got, limit)
		}
	}
}

// TestReadIDXOnce checks that data which packs as MNIST does is allocated once and not grown.
func TestReadIDXOnce(t *testing.T) {
	data := make([]byte, 2<<20)
	for i := range data {
		if i%5 == 0 { // a fifth of it cannot be packed
			data[i] = byte(i * i >> 7)
		}
	}
	content := zipped(t, idxFile([]int{2, 1 << 10, 1 << 10}, data))
	if got, limit := allocated(func() { _, _, _ = read(content, 3) }), int64(len(data)*3/2); got > limit {
		t.Errorf("found %d bytes allocated for %d (%d packed), expected at most %d", got, len(data), len(content), limit)
	}
}

func TestReadIDXFiles(t *testing.T) {
	dir := t.TempDir()
	_, _, err := ReadIDXImages(filepath.Join(dir, "absent"))
	wantErr(t, err, ErrNotFound, "absent")
	_, err = ReadIDXLabels(dir)
	wantErr(t, err, ErrFormat, "found a folder, expected a regular file")
	_, err = ReadIDXLabels(os.DevNull)
	wantErr(t, err, ErrFormat, "found a special file")
	_, err = ReadIDXLabels(filepath.Join(dir, "two\nlines"))
	wantErr(t, err, ErrNotFound, `two\nlines`)
}

func FuzzIDX(f *testing.F) {
	for rank, good := range map[int][]byte{1: idxFile([]int{3}, []byte("abc")), 3: idxFile([]int{1, 2, 2}, []byte("abcd"))} {
		packed := zipped(f, good)
		for _, content := range [][]byte{good, packed, good[:len(good)-1], append(slices.Clone(good), 1), packed[:len(packed)-4], append(packed, packed...)} {
			f.Add(content, rank == 3)
		}
	}
	f.Add([]byte{}, true)
	f.Add(idxFile([]int{1 << 31, 1 << 31, 4}, nil), true)
	f.Add(zipped(f, idxFile([]int{60000, 28, 28}, nil)), true)
	f.Fuzz(func(t *testing.T, content []byte, images bool) {
		rank := 1
		if images {
			rank = 3
		}
		dims, data, err := read(content, rank)
		if err != nil {
			if !errors.Is(err, ErrFormat) {
				wantErr(t, err, ErrTooLarge)
			}
			return
		}
		product := 1
		for _, d := range dims {
			product *= d
		}
		if len(dims) != rank || product != len(data) || len(data) == 0 {
			t.Fatalf("found dimensions %v and %d bytes", dims, len(data))
		}
		_, again, err := read(idxFile(dims, data), rank)
		check(t, err)
		if !bytes.Equal(again, data) {
			t.Fatal("the same data packed otherwise reads differently")
		}
	})
}
