package weightfile

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// mustRefuse fails unless the error is of one of the causes, on one line, and
// names the file.
func mustRefuse(t *testing.T, what string, err error, causes ...error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: found no error", what)
		return
	}
	ok := len(causes) == 0
	for _, cause := range causes {
		ok = ok || errors.Is(err, cause)
	}
	if msg := err.Error(); !ok || strings.Contains(msg, "\n") || !strings.HasPrefix(msg, "m.safetensors: ") || len(msg) > 700 {
		t.Errorf("%s: found the error %q", what, msg)
	}
}

func TestTruncated(t *testing.T) {
	data := encode(t, small(t))
	for n := range data {
		_, err := decodeBytes(data[:n], "m.safetensors")
		mustRefuse(t, "truncated", err, ErrFormat)
	}
	_, err := decodeBytes(append(data, 0), "m.safetensors")
	mustRefuse(t, "one byte more", err, ErrFormat)
}

// Every flipped bit is noticed, but for those of the header's JSON that leave
// its meaning as it was.
func TestFlippedBits(t *testing.T) {
	m := small(t)
	data := encode(t, m)
	for i := range data {
		for bit := range 8 {
			data[i] ^= 1 << bit
			got, err := decodeBytes(data, "m.safetensors")
			data[i] ^= 1 << bit
			if err != nil {
				mustRefuse(t, "flipped", err)
			} else if !same(m, got) {
				t.Fatalf("byte %d, bit %d: read another model without an error", i, bit)
			}
		}
	}
}

// raw returns a safetensors file with that header and that many zero bytes.
func raw(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, data)...)
}

func TestHostileHeaders(t *testing.T) {
	tensor := `{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	for _, test := range []struct {
		reason string
		data   []byte
	}{
		{"empty", nil},
		{"length only", raw("", 0)},
		{"length beyond the file", binary.LittleEndian.AppendUint64(nil, 1<<63)},
		{"length beyond the limit", append(binary.LittleEndian.AppendUint64(nil, maxHeader+1), make([]byte, maxHeader+10)...)},
		{"not JSON", raw("{]", 0)},
		{"not an object", raw("[]", 0)},
		{"not UTF-8", raw("{\"\xff\":1}", 0)},
		{"more behind the object", raw("{}{}", 0)},
		{"a tensor that is a number", raw(`{"a":1}`, 0)},
		{"a tensor without shape", raw(`{"a":{"dtype":"F32","data_offsets":[0,8]}}`, 8)},
		{"a type that is no name", raw(`{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}`, 8)},
		{"three offsets", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, 8)},
		{"a member too many", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, 8)},
		{"no shape", raw(`{"a":{"dtype":"F32","shape":null,"data_offsets":[0,4]}}`, 4)},
		{"type with line breaks", raw(`{"a":{"dtype":"`+strings.Repeat(`\n`, 5000)+`","shape":[2],"data_offsets":[0,8]}}`, 8)},
		{"negative side", raw(`{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8)},
		{"fractional side", raw(`{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}`, 8)},
		{"product that overflows", raw(`{"a":{"dtype":"F32","shape":[4294967296,4294967296,2],"data_offsets":[0,0]}}`, 0)},
		{"zero side that has bytes", raw(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,4]}}`, 4)},
		{"too many dimensions", raw(`{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}}`, 8)},
		{"huge", raw(`{"a":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,4000000000]}}`, 8)},
		{"offsets whose sum overflows", raw(`{"a":{"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,18446744073709551615]}}`, 8)},
		{"offsets backwards", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8)},
		{"overlap", raw(`{"a":`+tensor+`,"b":`+tensor+`}`, 8)},
		{"gap", raw(`{"a":`+tensor+`,"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}`, 20)},
		{"gap at the start", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}`, 12)},
		{"trailing bytes", raw(`{"a":`+tensor+`}`, 9)},
		{"length that is not the shape's", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4)},
		{"a name twice", raw(`{"a":`+tensor+`,"a":`+tensor+`}`, 8)},
		{"metadata twice", raw(`{"__metadata__":{},"__metadata__":{}}`, 0)},
		{"metadata that is no text", raw(`{"__metadata__":{"a":1}}`, 0)},
		{"deep nesting", raw(strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000), 0)},
		{"many tokens", raw(`{"a":[`+strings.Repeat("0,", maxTokens)+`0]}`, 0)},
	} {
		_, err := decodeBytes(test.data, "m.safetensors")
		mustRefuse(t, test.reason, err, ErrFormat)
	}
	_, err := decodeBytes(raw(`{"a":`+tensor+`}`, 8), "m.safetensors")
	mustRefuse(t, "a foreign file", err, ErrForeign)
	if !strings.Contains(err.Error(), "mnist convert") {
		t.Errorf("a foreign file: found %v, expected a word about mnist convert", err)
	}
}

func TestMissingAndSpoiledMetadata(t *testing.T) {
	for _, key := range []string{keyVersion, keySpec, keyClasses, keyPrep, keySHA256} {
		m := small(t)
		views := map[string]view{}
		for _, name := range m.Weights.Names() {
			views[name] = view{m.Weights.Get(name).Shape(), m.Weights.Get(name).Float32s()}
		}
		for _, text := range []string{"", "{", "null", `{"x":1}`, "[1]", `["a"]{}`, "2"} {
			metadata, err := m.metadata()
			if err != nil {
				t.Fatal(err)
			}
			metadata[key] = text
			path := filepath.Join(t.TempDir(), "m.safetensors")
			if err := writeSafetensors(path, metadata, views); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = decodeBytes(data, "m.safetensors")
			mustRefuse(t, key+" "+text, err, ErrFormat, model.ErrSpec)
		}
	}
}

func TestNotAFile(t *testing.T) {
	folder := t.TempDir()
	if _, err := Read(folder); !errors.Is(err, ErrFormat) {
		t.Errorf("a folder: found %v, expected ErrFormat", err)
	}
	if _, err := Read(filepath.Join(folder, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: found %v, expected os.ErrNotExist", err)
	}
	if err := small(t).write(folder); !errors.Is(err, ErrModel) {
		t.Errorf("over a folder: found %v, expected ErrModel", err)
	}
	if err := Write(filepath.Join(folder, "no", "m"), small(t).Network); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("into no folder: found %v, expected os.ErrNotExist", err)
	}
	if runtime.GOOS != "windows" {
		if err := small(t).write(os.DevNull); !errors.Is(err, ErrModel) {
			t.Errorf("over %s: found %v, expected ErrModel", os.DevNull, err)
		}
	}
	mustHold(t, folder)
}
