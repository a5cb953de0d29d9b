package weightfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/npz"
)

// Headers that NumPy reads, though it does not write them today.
func TestNPYHeaderVariants(t *testing.T) {
	for reason, test := range map[string]struct {
		text string
		want []int
	}{
		"today's":               {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }          \n", []int{2, 1}},
		"a comma at the end":    {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,1,1,1,)}\n", []int{2, 1, 1, 1}},
		"Python 2's longs":      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2L,), }\n", []int{2}},
		"another order":         {"{'shape': (2,), 'fortran_order': False, 'descr': '<f4'}\n", []int{2}},
		"no newline":            {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", []int{2}},
		"double quotes, spaces": {"{ \"descr\" : \"<f4\" , \"fortran_order\":False,\"shape\":( 2 , 1 ) }\n", []int{2, 1}},
	} {
		for version, length := range map[byte]int{1: 2, 2: 4, 3: 4} {
			b := append([]byte(npz.Magic), version, 0)
			b = append(b, binary.LittleEndian.AppendUint32(nil, uint32(len(test.text)))[:length]...)
			b = append(b, test.text...)
			b = append(b, "\x00\x00\x80\x3f\x00\x00\x00\x40"...)
			got, err := readNPY(bytes.NewReader(b), "a", 1<<10)
			if want := (Tensor{"a", "F32", test.want, []float32{1, 2}}); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s, version %d: found %+v, %v", reason, version, got, err)
			}
		}
	}
}

// archive returns a zip archive of those entries, in order, and a comment.
func archive(t testing.TB, comment string, entries ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(entries); i += 2 {
		w, err := z.Create(entries[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(entries[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.SetComment(comment); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Signatures and lengths of the records at the end of an archive.
const (
	zipEndLength             = 22
	zip64End, zip64EndLength = "PK\x06\x06", 56
	zip64Locator             = "PK\x06\x07"
)

// withZip64 adds to an archive without a comment the zip64 records that
// PyTorch and others always write.
func withZip64(data []byte, saturate bool) []byte {
	end := len(data) - zipEndLength
	record := bytes.Clone(data[end:])
	records, length, offset := binary.LittleEndian.Uint16(record[10:]), binary.LittleEndian.Uint32(record[12:]), binary.LittleEndian.Uint32(record[16:])
	b := append(bytes.Clone(data[:end]), zip64End...)
	b = binary.LittleEndian.AppendUint64(b, 44)
	b = append(b, 45, 3, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(records))
	b = binary.LittleEndian.AppendUint64(b, uint64(records))
	b = binary.LittleEndian.AppendUint64(b, uint64(length))
	b = binary.LittleEndian.AppendUint64(b, uint64(offset))
	b = append(append(b, zip64Locator...), 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, uint64(end))
	b = append(b, 1, 0, 0, 0)
	if saturate {
		copy(record[8:], "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")
	}
	return append(b, record...)
}

func TestZipVariants(t *testing.T) {
	array := npyText("{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n") + "\x00\x00\x80\x3f"
	plain := archive(t, "", "a.npy", array)
	for reason, test := range map[string]struct {
		data   []byte
		others []Tensor
	}{
		"plain":                     {plain, nil},
		"a comment":                 {archive(t, "made by hand", "a.npy", array), nil},
		"a long comment":            {archive(t, strings.Repeat("x", 65_535), "a.npy", array), nil},
		"a folder":                  {archive(t, "", "x/", "", "a.npy", array, "y/", ""), nil},
		"zip64, not needed":         {withZip64(plain, false), nil},
		"zip64":                     {withZip64(plain, true), nil},
		"what macOS adds":           {archive(t, "", "a.npy", array, "__MACOSX/", "", "__MACOSX/._a.npy", "\x00\x05\x16\x07"), []Tensor{{Name: "__MACOSX/._a.npy", DType: notArray}}},
		"a text":                    {archive(t, "", "a.npy", array, "README", "x"), []Tensor{{Name: "README", DType: notArray}}},
		"complex numbers":           {archive(t, "", "a.npy", array, "c.npy", npyText("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }\n")+"12345678"), []Tensor{{"c", "<c8", []int{1}, nil}}},
		"a structure":               {archive(t, "", "a.npy", array, "s.npy", npyText("{'descr': [('x', '<f4'), ('y', '<i4')], 'fortran_order': False, 'shape': (1,), }\n")+"12345678"), []Tensor{{"s", "[('x', '<f4'), ('y', '<i4')]", []int{1}, nil}}},
		"objects, which are pickle": {archive(t, "", "a.npy", array, "o.npy", npyText("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }\n")+"\x80\x03K\x01."), []Tensor{{"o", "|O", []int{1}, nil}}},
		"an empty array":            {archive(t, "", "a.npy", array, "e.npy", npyText("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 0, 1000000000), }\n")), []Tensor{{"e", "F32", []int{3, 0, 1000000000}, []float32{}}}},
	} {
		got, err := decodeTensors(bytes.NewReader(test.data), int64(len(test.data)), "x")
		if err != nil {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		if want := append([]Tensor{{"a", "F32", nil, []float32{1}}}, test.others...); !reflect.DeepEqual(got.List, want) {
			t.Errorf("%s: found %+v, expected %+v", reason, got.List, want)
		}
	}
	for reason, data := range map[string][]byte{
		"cut":                      plain[:len(plain)-1],
		"a byte behind":            append(bytes.Clone(plain), 0),
		"zip64, cut":               withZip64(plain, true)[:len(plain)+zip64EndLength],
		"a directory before a gap": append(append(bytes.Clone(plain[:len(plain)-zipEndLength]), "PK\x01\x02"...), plain[len(plain)-zipEndLength:]...),
		"a directory too large":    archive(t, "", "a.npy", array, strings.Repeat("n", 60_000), "", strings.Repeat("n", 60_001), ""),
	} {
		if reason == "a directory too large" {
			for len(data) < 2*npz.MaxDirectory {
				var many []string
				for i := range 40 {
					many = append(many, strings.Repeat("n", 60_000+i), "")
				}
				data = archive(t, "", many...)
			}
		}
		_, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "m.safetensors")
		mustRefuse(t, reason, err, ErrFormat)
	}
}

func TestSafetensorsVariants(t *testing.T) {
	data := raw(`{"e":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]},"f8":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},"c":{"dtype":"C64","shape":[],"data_offsets":[2,10]},"new":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[10,13]}}`, 13)
	got, err := decodeTensors(bytes.NewReader(data), int64(len(data)), "x")
	if err != nil {
		t.Fatal(err)
	}
	want := []Tensor{{"e", "F32", []int{0, 4}, []float32{}}, {"f8", "F8_E4M3", []int{2}, nil}, {"c", "C64", []int{}, nil}, {"new", "F6_E2M3", []int{4}, nil}}
	if !reflect.DeepEqual(got.List, want) {
		t.Errorf("found %+v, expected %+v", got.List, want)
	}
}

// A model of ours holds nothing but numbers.
func TestOursHasNoEmptyTensor(t *testing.T) {
	m := small(t)
	metadata, views, err := m.prepare()
	if err != nil {
		t.Fatal(err)
	}
	views["state/empty"] = view{[]int{0}, nil}
	metadata[keySHA256] = digest(metadata, map[string][]float32{})
	path := t.TempDir() + "/m"
	if err := writeSafetensors(path, metadata, views); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "one number or more") {
		t.Errorf("found %v", err)
	}
}

func TestGather(t *testing.T) {
	values := []float32{0, 1, 2, 3, 4, 5, 6}
	for _, test := range []struct {
		shape, strides []int
		want           []float32
	}{
		{nil, nil, []float32{0}},
		{[]int{2, 3}, []int{3, 1}, []float32{0, 1, 2, 3, 4, 5}},
		{[]int{3, 2}, []int{1, 3}, []float32{0, 3, 1, 4, 2, 5}},
		{[]int{2, 2}, []int{0, 2}, []float32{0, 2, 0, 2}},
		{[]int{2, 1, 2}, []int{4, 100, 1}, []float32{0, 1, 4, 5}},
		{[]int{2, 0}, []int{1, 1}, []float32{}},
	} {
		if got := gather(values, test.shape, test.strides); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%v %v: found %v, expected %v", test.shape, test.strides, got, test.want)
		}
	}
}
