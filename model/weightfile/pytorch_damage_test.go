package weightfile

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func torchFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(torchFiles, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDamagedPyTorch(t *testing.T) {
	for _, name := range []string{"plain-zip.pt", "plain-old.pt"} {
		data := torchFile(t, name)
		whole, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "m.safetensors")
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(data); n += 1 + n/100 {
			_, err := decodeTensors(bytes.NewReader(data[:n]), int64(n), "m.safetensors")
			mustRefuse(t, name+", cut", err, ErrFormat, ErrForeign)
		}
		for i := 0; i < len(data); i += 3 {
			data[i] ^= 1 << (i % 8)
			got, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "m.safetensors")
			data[i] ^= 1 << (i % 8)
			switch {
			case err != nil:
				mustRefuse(t, name+", flipped", err, ErrFormat, ErrForeign)
			case name == "plain-zip.pt" && !reflect.DeepEqual(got, whole): // the old layout has no checksums
				t.Fatalf("%s, byte %d: read other tensors without an error", name, i)
			}
		}
	}
}

// rezip returns a PyTorch archive written anew, each entry changed.
func rezip(t testing.TB, data []byte, method uint16, change func(name string, content []byte) (string, []byte)) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		name, content := change(f.Name, content)
		if name == "" {
			continue
		}
		out, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPyTorchZipVariants(t *testing.T) {
	data := torchFile(t, "plain-zip.pt")
	want, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "x")
	if err != nil {
		t.Fatal(err)
	}
	same := func(name string, content []byte) (string, []byte) { return name, content }
	big := func(name string, content []byte) (string, []byte) {
		switch folder := filepath.Base(filepath.Dir(name)); {
		case folder == "data":
			width := 4
			if len(content) == 8 && content[0] == 1 { // num_batches_tracked
				width = 8
			}
			for number := range slices.Chunk(content, width) {
				slices.Reverse(number)
			}
		case strings.HasSuffix(name, "/version"):
			return filepath.Dir(name) + "/byteorder", []byte("big")
		}
		return name, content
	}
	for reason, data := range map[string][]byte{
		"written anew": rezip(t, data, zip.Store, same),
		"compressed":   rezip(t, data, zip.Deflate, same),
		"no folder": rezip(t, data, zip.Store, func(name string, content []byte) (string, []byte) {
			_, rest, _ := strings.Cut(name, "/")
			return rest, content
		}),
		"big-endian": rezip(t, data, zip.Store, big),
	} {
		got, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "x")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: found %+v, %v", reason, got, err)
		}
	}
	for reason, change := range map[string]func(name string, content []byte) (string, []byte){
		"a record missing": func(name string, content []byte) (string, []byte) {
			if strings.HasSuffix(name, "/data/0") {
				return "", nil
			}
			return name, content
		},
		"a record too long": func(name string, content []byte) (string, []byte) {
			if strings.HasSuffix(name, "/data/0") {
				content = append(content, 0)
			}
			return name, content
		},
		"an order unknown": func(name string, content []byte) (string, []byte) {
			if strings.HasSuffix(name, "/version") {
				return strings.TrimSuffix(name, "version") + "byteorder", []byte("middle")
			}
			return name, content
		},
		"a wrong pickle": func(name string, content []byte) (string, []byte) {
			if strings.HasSuffix(name, ".pkl") {
				content = []byte("\x80\x02cos\nsystem\nU\x04true\x85R.")
			}
			return name, content
		},
	} {
		data := rezip(t, data, zip.Deflate, change)
		_, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "m.safetensors")
		mustRefuse(t, reason, err, ErrFormat, ErrForeign)
	}
	bomb := rezip(t, data, zip.Deflate, func(name string, content []byte) (string, []byte) {
		if strings.HasSuffix(name, "/data/0") {
			content = make([]byte, 64<<20)
		}
		return name, content
	})
	_, err = decodeTensors(bytes.NewReader(bomb), int64(len(bomb)), "m.safetensors")
	mustRefuse(t, "a bomb", err, ErrFormat)
}

// A few numbers that a file spreads over tensors of any size stay within what
// its length allows.
func TestPyTorchSpread(t *testing.T) {
	const storage = "(U\x07storagectorch\nFloatStorage\nU\x01kU\x03cpuK\x04NtQ"
	spread := func(copies int, side string) []byte {
		var b bytes.Buffer
		b.WriteString("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.\x80\x02}(")
		for i := range copies {
			b.WriteString("U\x01" + string(rune('a'+i)) + "ctorch._utils\n_rebuild_tensor_v2\n(" + storage + "K\x00" + side + "\x85K\x00\x85\x89NtR")
		}
		b.WriteString("u.\x80\x02](U\x01ke.")
		b.Write([]byte{4, 0, 0, 0, 0, 0, 0, 0})
		b.Write(make([]byte, 16))
		return b.Bytes()
	}
	const million = "J\x40\x42\x0f\x00"
	data := spread(3, million)
	got, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "m.safetensors")
	if err != nil || len(got.List) != 3 || len(got.List[2].Values) != 1_000_000 {
		t.Errorf("three times a million: found %v", err)
	}
	for reason, data := range map[string][]byte{"twenty times a million": spread(20, million), "two thousand million": spread(1, "J\xff\xff\xff\x7f")} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "m.safetensors")
		runtime.ReadMemStats(&after)
		mustRefuse(t, reason, err, ErrFormat)
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: allocated %d MiB", reason, used>>20)
		}
	}
}
