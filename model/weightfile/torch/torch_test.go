package torch

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// legacy returns a file in the layout before zip: the state dictionary's
// pickle, the keys of its storages, and four numbers of 4 bytes in each.
func legacy(state string, keys ...string) []byte {
	b := []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.")
	b = append(b, state...)
	b = append(b, "\x80\x02]("...)
	for _, key := range keys {
		b = append(b, "U\x01"+key...)
	}
	b = append(b, "e."...)
	for range keys {
		b = binary.LittleEndian.AppendUint64(b, 4)
		b = append(b, "0000111122223333"...)
	}
	return b
}

// keysIn returns the key of storageK, if it is there.
func keysIn(state string) []string {
	if strings.Contains(state, "cpu") {
		return []string{"k"}
	}
	return nil
}

// Parts of pickles: a storage of four floats with a key, and with a part of it.
const (
	storageK = "(U\x07storagectorch\nFloatStorage\nU\x01kU\x03cpuK\x04NtQ"
	partOfK  = "(U\x07storagectorch\nFloatStorage\nU\x01kU\x03cpuK\x04(U\x01vK\x01K\x02ttQ"
	byteK    = "(U\x07storagectorch.storage\nUntypedStorage\nU\x01kU\x03cpuK\x04tQ"
)

// rebuilt calls a function of PyTorch with those arguments.
func rebuilt(function, args string) string {
	return "ctorch._utils\n_rebuild_" + function + "\n(" + args + "tR"
}

// dictionary is a dictionary of one entry, a.
func dictionary(value string) string { return "\x80\x02}U\x01a" + value + "s." }

func TestPickles(t *testing.T) {
	plain := rebuilt("tensor_v2", storageK+"K\x01K\x03\x85K\x01\x85\x89N")
	for reason, test := range map[string]struct {
		state string
		want  Tensor // but for its record
	}{
		"plain":                {plain, Tensor{DType: "F32", Shape: []int{3}, Strides: []int{1}, Span: 3, at: 4}},
		"Python 2's zero":      {rebuilt("tensor", storageK+"\x8a\x00K\x03\x85K\x01\x85"), Tensor{DType: "F32", Shape: []int{3}, Strides: []int{1}, Span: 3}},
		"a part of a storage":  {rebuilt("tensor_v2", partOfK+"K\x01K\x01\x85K\x01\x85"), Tensor{DType: "F32", Shape: []int{1}, Strides: []int{1}, Span: 1, at: 8}},
		"a parameter":          {rebuilt("parameter", plain+"\x88N"), Tensor{DType: "F32", Shape: []int{3}, Strides: []int{1}, Span: 3, at: 4}},
		"with attributes":      {"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n_rebuild_tensor_v2\nctorch\nTensor\n(" + storageK + "K\x00)))tNtR", Tensor{DType: "F32", Shape: []int{}, Strides: []int{}, Span: 1}},
		"a type of its own":    {rebuilt("tensor_v3", byteK+"K\x01K\x02\x85K\x01\x85\x89Nctorch\nfloat8_e5m2\n"), Tensor{DType: "F8_E5M2", Shape: []int{2}, Strides: []int{1}, Span: 2, at: 1}},
		"the graphics card's":  {strings.ReplaceAll(plain, "ctorch\nF", "ctorch.cuda\nF"), Tensor{DType: "F32", Shape: []int{3}, Strides: []int{1}, Span: 3, at: 4}},
		"backwards, once":      {rebuilt("tensor_v2", storageK+"K\x00K\x02K\x02\x86K\x01K\x02\x86"), Tensor{DType: "F32", Shape: []int{2, 2}, Strides: []int{1, 2}, Span: 4}},
		"a number":             {"K\x07", Tensor{DType: "int"}},
		"nothing":              {"N", Tensor{DType: "None"}},
		"an unknown object":    {"cos\nsystem\nU\x02ls\x85R", Tensor{DType: "os.system"}},
		"an object's own code": {"cmy.own\nThing\n)\x81}U\x01xK\x01sb", Tensor{DType: "my.own.Thing"}},
	} {
		state := "\x80\x02}(U\x01b" + plain + "U\x01a" + test.state + "u."
		width := 4
		if strings.Contains(test.state, "Untyped") {
			state = dictionary(test.state)
			width = 1
		}
		data := legacy(state, "k")
		if width == 1 {
			data = data[:len(data)-12]
		}
		f, err := ReadLegacy(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		got := f.Tensors[len(f.Tensors)-1]
		got.storage, test.want.Name = nil, "a"
		if got.Strides != nil {
			test.want.width = width
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: found %+v, expected %+v", reason, got, test.want)
		}
	}
}

func TestPicklesRefused(t *testing.T) {
	tensor := func(args string) string { return dictionary(rebuilt("tensor_v2", args)) }
	for reason, test := range map[string]struct{ state, word string }{
		"beyond the storage":         {tensor(storageK + "K\x01K\x04\x85K\x01\x85"), "within the 4 numbers"},
		"beyond it by stride":        {tensor(storageK + "K\x00K\x02\x85K\x04\x85"), "within the 4 numbers"},
		"offset beyond it":           {tensor(storageK + "K\x05)))"), "offset 5"},
		"a negative offset":          {tensor(storageK + "J\xff\xff\xff\xff)))"), "offset -1"},
		"a negative side":            {tensor(storageK + "K\x00J\xff\xff\xff\xff\x85K\x01\x85"), "size: found -1"},
		"a negative stride":          {tensor(storageK + "K\x03K\x02\x85J\xff\xff\xff\xff\x85"), "stride: found -1"},
		"a side that overflows":      {tensor(storageK + "K\x00\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x02\x86K\x01K\x01\x86"), "within the 4 numbers"},
		"a product that overflows":   {tensor(storageK + "K\x00\x8a\x07\xff\xff\xff\xff\xff\xff\x7f\x85\x8a\x07\xff\xff\xff\xff\xff\xff\x7f\x85"), "within the 4 numbers"},
		"an offset larger than any":  {tensor(storageK + "\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x01)))"), "offset int"},
		"size without stride":        {tensor(storageK + "K\x00K\x02\x85)"), "as many of each"},
		"nine sides":                 {tensor(storageK + "K\x00(" + strings.Repeat("K\x01", 9) + "t)"), "at most 8"},
		"no storage":                 {tensor("NK\x00))"), "no storage"},
		"too few arguments":          {tensor(storageK), "arguments"},
		"a part beyond the storage":  {tensor(strings.Replace(partOfK, "K\x01K\x02t", "K\x03K\x02t", 1) + "K\x00))"), "a part from 3 of 2"},
		"a storage of unknown class": {tensor(strings.Replace(storageK, "Float", "Fload", 1) + "K\x00))"), "FloadStorage"},
		"a storage of two types":     {"\x80\x02}(U\x01a" + rebuilt("tensor_v2", storageK+"K\x00))") + "U\x01b" + rebuilt("tensor_v2", strings.Replace(storageK, "Float", "Int", 1)+"K\x00))") + "u.", "4 numbers of F32 and 4 of I32"},
		"a key that is a number":     {"\x80\x02}(U\x01a" + rebuilt("tensor_v2", storageK+"K\x00))") + "K\x01Nu.", "key of type int"},
		"a list in itself":           {"\x80\x02]q\x00h\x00a.", "found a list"},
		"a dictionary in itself":     {"\x80\x02}q\x00(U\x05modelh\x00U\x03neth\x00u.", "without tensors"},
		"arrays":                     {"\x80\x02carray\n_array_reconstructor\n.", "array.array"},
		"an extension":               {"\x80\x02\x82\x01.", "0x82"},
		"an unknown operation":       {"\x80\x02\xff.", "0xff"},
		"an empty stack":             {"\x80\x02.", "pickle"},
		"a key of no hash":           {"\x80\x02ccollections\nOrderedDict\n)RC\x01xNs.", "pickle"},
	} {
		data := legacy(test.state, keysIn(test.state)...)
		_, err := ReadLegacy(bytes.NewReader(data), int64(len(data)))
		if err == nil || !strings.Contains(err.Error(), test.word) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: found %v, expected a word of %q", reason, err, test.word)
		}
	}
	whole := dictionary(rebuilt("tensor_v2", storageK+"K\x00K\x04\x85K\x01\x85"))
	for reason, data := range map[string][]byte{
		"no keys":        legacy(whole),
		"a key twice":    legacy(whole, "k", "k"),
		"an unknown key": legacy(whole, "k", "x"),
		"a byte short":   legacy(whole, "k")[:len(legacy(whole, "k"))-1],
		"another magic":  bytes.Replace(legacy(whole, "k"), []byte("\x6c\xfc"), []byte("\x6c\xfd"), 1),
		"protocol 1002":  bytes.Replace(legacy(whole, "k"), []byte("\xe9\x03"), []byte("\xea\x03"), 1),
	} {
		if _, err := ReadLegacy(bytes.NewReader(data), int64(len(data))); err == nil || errors.Is(err, ErrNotState) {
			t.Errorf("%s: found %v", reason, err)
		}
	}
}

func TestFind(t *testing.T) {
	tensor := rebuilt("tensor_v2", storageK+"K\x00))")
	inner := func(name string) string {
		return fmt.Sprintf("}X%s%s%ss", binary.LittleEndian.AppendUint32(nil, uint32(len(name))), name, tensor)
	}
	under := func(name, value string) string { return fmt.Sprintf("}U%c%s%ss", len(name), name, value) }
	for reason, test := range map[string]struct {
		state  string
		path   []string
		prefix string
		name   string
	}{
		"flat":                      {inner("a.weight"), nil, "", "a.weight"},
		"under state_dict":          {under("state_dict", inner("a")), []string{"state_dict"}, "", "a"},
		"under model_state_dict":    {under("model_state_dict", inner("a")), []string{"model_state_dict"}, "", "a"},
		"under net":                 {under("net", inner("a")), []string{"net"}, "", "a"},
		"under weights":             {under("weights", inner("a")), []string{"weights"}, "", "a"},
		"two levels down":           {under("model", under("state_dict", inner("a"))), []string{"model", "state_dict"}, "", "a"},
		"DataParallel's":            {inner("module.a"), nil, "module.", "a"},
		"DataParallel and compiled": {inner("module._orig_mod.a"), nil, "module._orig_mod.", "a"},
		"only its name":             {inner("module."), nil, "", "module."},
	} {
		data := legacy("\x80\x02"+test.state+".", "k")
		f, err := ReadLegacy(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		if !reflect.DeepEqual(f.Path, test.path) || f.Prefix != test.prefix || f.Tensors[0].Name != test.name {
			t.Errorf("%s: found %q under %v, prefix %q", reason, f.Tensors[0].Name, f.Path, f.Prefix)
		}
	}
	for reason, state := range map[string]string{
		"nothing like it":        under("other", inner("a")),
		"an object":              "cm\nNet\n)\x81}b",
		"an object inside":       under("model", "cm\nNet\n)\x81}b"),
		"a quantised tensor":     under("a", rebuilt("qtensor", storageK)),
		"a tensor of no numbers": under("a", rebuilt("meta_tensor_no_storage", "")),
	} {
		data := legacy("\x80\x02"+state+".", keysIn(state)...)
		if _, err := ReadLegacy(bytes.NewReader(data), int64(len(data))); !errors.Is(err, ErrNotState) {
			t.Errorf("%s: found %v, expected ErrNotState", reason, err)
		}
	}
}
