package weightfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"
	"github.com/pkg/errors"
)

// The arrays that testdata/peers/nhwc_peer.py writes with numpy, in every kind.
func TestReadsWhatNumPyWrites(t *testing.T) {
	exact := []float32{0, 0.25, -0.5, 1, 1.5, 1e-7}
	half := []float32{0, 0.25, -0.5, 1, 1.5, 2.0 / (1 << 24)} // 1e-7 as a subnormal half
	var upTo24 []float32
	for i := range 24 {
		upTo24 = append(upTo24, float32(i))
	}
	for _, file := range []string{"kinds.npz", "kinds-compressed.npz"} {
		got, err := ReadTensors(filepath.Join("../../testdata/peers", file))
		if err != nil {
			t.Fatal(err)
		}
		want := []Tensor{
			{"f4", "F32", []int{2, 3}, exact}, {"f8", "F64", []int{2, 3}, exact}, {"f2", "F16", []int{2, 3}, half},
			{"big4", "F32", []int{2, 3}, exact}, {"big8", "F64", []int{2, 3}, exact}, {"big2", "F16", []int{2, 3}, half},
			{"fortran2", "F32", []int{2, 3}, exact}, {"fortran3", "F32", []int{2, 3, 4}, upTo24}, {"c3", "F32", []int{2, 3, 4}, upTo24},
			{"scalar", "F32", nil, []float32{3.5}}, {"vector", "F32", []int{4}, upTo24[:4]},
			{"int", "<i8", []int{2}, nil}, {"text", "<U1", []int{1}, nil}, {"bool", "|b1", []int{1}, nil},
		}
		for i, e := range got.List {
			if i >= len(want) || !reflect.DeepEqual(e, want[i]) {
				t.Errorf("%s: found %+v", file, e)
			}
		}
		if len(got.List) != len(want) {
			t.Errorf("%s: found %d arrays, expected %d", file, len(got.List), len(want))
		}
	}
}

func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float32{
		0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 0x0400: 1.0 / (1 << 14), 0x0001: 1.0 / (1 << 24), 0x8001: -1.0 / (1 << 24), 0x3555: 0.33325195,
	} {
		if got := half(bits); got != want {
			t.Errorf("%#04x: found %v, expected %v", bits, got, want)
		}
	}
}

func TestSafetensorsKinds(t *testing.T) {
	data := raw(`{"f16":{"dtype":"F16","shape":[],"data_offsets":[0,2]},"bf16":{"dtype":"BF16","shape":[1],"data_offsets":[2,4]},"f64":{"dtype":"F64","shape":[1,1],"data_offsets":[4,12]},"i":{"dtype":"I64","shape":[1],"data_offsets":[12,20]}}`, 20)
	values := data[len(data)-20:]
	binary.LittleEndian.PutUint16(values, 0x3c00)
	binary.LittleEndian.PutUint16(values[2:], 0xbf80)
	binary.LittleEndian.PutUint64(values[4:], 0x3fe0000000000000)
	got, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "x")
	if err != nil {
		t.Fatal(err)
	}
	want := []Tensor{{"f16", "F16", []int{}, []float32{1}}, {"bf16", "BF16", []int{1}, []float32{-1}}, {"f64", "F64", []int{1, 1}, []float32{0.5}}, {"i", "I64", []int{1}, nil}}
	if !reflect.DeepEqual(got.List, want) {
		t.Errorf("found %+v, expected %+v", got.List, want)
	}
	binary.LittleEndian.PutUint64(values[4:], 0x7fe0000000000000) // 9e307, no float32
	_, err = decodeTensors(bytes.NewReader(data), int64(len(data)), "m.safetensors")
	mustRefuse(t, "overflow", err, ErrFormat)
}

func TestWriteTensors(t *testing.T) {
	list := []Tensor{{"b", "F32", []int{2, 1, 2}, []float32{1, 2, 3, 4}}, {"a/x", "F32", []int{1}, []float32{5}}}
	for _, name := range []string{"t.npz", "t.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		if err := WriteTensors(path, &Tensors{List: list}); err != nil {
			t.Fatal(err)
		}
		got, err := ReadTensors(path)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.List, []Tensor{list[1], list[0]}) {
			t.Errorf("%s: found %+v", name, got.List)
		}
	}
	folder := t.TempDir()
	for reason, bad := range map[string][]Tensor{
		"no name": {{"", "F32", []int{1}, []float32{1}}}, "twice": {list[0], list[0]}, "too few": {{"a", "F32", []int{2}, []float32{1}}},
		"empty": {{"a", "F32", []int{0}, nil}},
	} {
		if err := WriteTensors(filepath.Join(folder, "t.npz"), &Tensors{List: bad}); !errors.Is(err, ErrModel) {
			t.Errorf("%s: found %v, expected ErrModel", reason, err)
		}
	}
	if err := WriteTensors(filepath.Join(folder, "t.h5"), &Tensors{List: list}); !errors.Is(err, ErrModel) {
		t.Errorf("ending: found %v, expected ErrModel", err)
	}
	mustHold(t, folder)
}

// A reader that is not ours takes what we write.
func TestNPYIOReadsOurs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.npz")
	if err := WriteTensors(path, &Tensors{List: []Tensor{{"a", "F32", []int{2, 2}, []float32{1, 2, 3, 4}}}}); err != nil {
		t.Fatal(err)
	}
	r, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []float32
	if err := r.Read("a.npy", &got); err != nil || !reflect.DeepEqual(got, []float32{1, 2, 3, 4}) {
		t.Errorf("found %v, %v", got, err)
	}
}

// zipped returns a zip archive of one deflated entry.
func zipped(t testing.TB, name string, content io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, content); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// zeros is an endless file.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

func npyText(header string) string {
	return fmt.Sprintf("\x93NUMPY\x01\x00%s%s", binary.LittleEndian.AppendUint16(nil, uint16(len(header))), header)
}

func TestHostileNPZ(t *testing.T) {
	whole, err := os.ReadFile("../../testdata/peers/kinds-compressed.npz")
	if err != nil {
		t.Fatal(err)
	}
	for n := 2; n < len(whole); n++ {
		_, err := decodeTensors(bytes.NewReader(whole[:n]), int64(n), "m.safetensors")
		mustRefuse(t, "truncated", err, ErrFormat)
	}
	good := "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"
	eight := strings.Repeat("\x00", 8)
	for _, test := range []struct {
		reason, entry string
		content       io.Reader
		cause         error
	}{
		{"no arrays", "a.txt", strings.NewReader("x"), ErrForeign},
		{"a pickle that is none", "archive/data.pkl", strings.NewReader("x"), ErrFormat},
		{"no magic", "a.npy", strings.NewReader(strings.Repeat("x", 100)), ErrFormat},
		{"unknown version", "a.npy", strings.NewReader("\x93NUMPY\x04\x00" + good), ErrFormat},
		{"header cut", "a.npy", strings.NewReader(npyText(good)[:40]), ErrFormat},
		{"a key twice", "a.npy", strings.NewReader(npyText("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (2,)}") + eight), ErrFormat},
		{"a key missing", "a.npy", strings.NewReader(npyText("{'descr': '<f4', 'shape': (2,)}") + eight), ErrFormat},
		{"a negative side", "a.npy", strings.NewReader(npyText(strings.Replace(good, "2,", "-2,", 1)) + eight), ErrFormat},
		{"sides without a comma", "a.npy", strings.NewReader(npyText(strings.Replace(good, "2,", "1 2", 1)) + eight), ErrFormat},
		{"two commas", "a.npy", strings.NewReader(npyText(strings.Replace(good, "2,", "2,,", 1)) + eight), ErrFormat},
		{"code", "a.npy", strings.NewReader(npyText(strings.Replace(good, "False", "exit()", 1)) + eight), ErrFormat},
		{"header of 4 GiB", "a.npy", strings.NewReader("\x93NUMPY\x02\x00\xff\xff\xff\xff"), ErrFormat},
		{"numbers cut", "a.npy", strings.NewReader(npyText(good) + eight[:7]), ErrFormat},
		{"more behind the numbers", "a.npy", strings.NewReader(npyText(good) + eight + "x"), ErrFormat},
		{"a product that overflows", "a.npy", strings.NewReader(npyText(strings.Replace(good, "2,", "2147483647, 2147483647, 2147483647", 1)) + eight), ErrFormat},
		{"a side that overflows", "a.npy", strings.NewReader(npyText(strings.Replace(good, "2,", strings.Repeat("9", 30)+",", 1)) + eight), ErrFormat},
		{"a bomb", "a.npy", io.MultiReader(strings.NewReader(npyText(strings.Replace(good, "2,", "10000000,", 1))), io.LimitReader(zeros{}, 40_000_000)), ErrFormat},
	} {
		data := zipped(t, test.entry, test.content)
		_, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "m.safetensors")
		mustRefuse(t, test.reason, err, test.cause)
	}
}
