package dataset

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// npyOf returns an array as NumPy writes it.
func npyOf(descr, order, shape string, data []byte) []byte {
	return npyText(fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': (%s), }\n", descr, order, shape), data)
}

// npyText returns an array with that header.
func npyText(text string, data []byte) []byte {
	return slices.Concat([]byte("\x93NUMPY\x01\x00"), []byte{byte(len(text)), 0}, []byte(text), data)
}

// npzOf returns an archive of arrays.
func npzOf(t *testing.T, arrays map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		w, err := z.Create(name + ".npy")
		check(t, err)
		_, err = w.Write(arrays[name])
		check(t, err)
	}
	check(t, z.Close())
	return out.Bytes()
}

// kerasArrays are three training and two test images, 1 2 3 over 4 5 6.
func kerasArrays() map[string][]byte {
	image := []byte{1, 2, 3, 4, 5, 6}
	return map[string][]byte{
		"x_train": npyOf("|u1", "False", "3, 2, 3", slices.Repeat(image, 3)), "y_train": npyOf("|u1", "False", "3,", []byte{9, 0, 1}),
		"x_test": npyOf("|u1", "False", "2, 2, 3", slices.Repeat(image, 2)), "y_test": npyOf("|u1", "False", "2,", []byte{1, 9}),
	}
}

func TestKerasFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mnist.npz")
	for reason, change := range map[string]func(map[string][]byte){
		"as Keras has it": func(map[string][]byte) {},
		"labels of eight bytes": func(a map[string][]byte) {
			a["y_test"] = npyOf("<i8", "False", "2,", []byte{1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0})
		},
		"the other order": func(a map[string][]byte) { a["y_test"] = npyOf(">i2", "False", "2,", []byte{0, 1, 0, 9}) },
		"a channel": func(a map[string][]byte) {
			a["x_test"] = npyOf("|u1", "False", "2, 2, 3, 1", slices.Repeat([]byte{1, 2, 3, 4, 5, 6}, 2))
		},
		"of Python 2": func(a map[string][]byte) { a["y_train"] = npyOf("|u1", "False", "3L, 1L", []byte{9, 0, 1}) },
		"Fortran's order": func(a map[string][]byte) {
			a["x_test"] = npyOf("|u1", "True", "2, 2, 3", []byte{1, 1, 4, 4, 2, 2, 5, 5, 3, 3, 6, 6})
		},
		"Fortran's, labels": func(a map[string][]byte) { a["y_train"] = npyOf("<u2", "True", "3, 1", []byte{9, 0, 0, 0, 1, 0}) },
		"entries in another order": func(a map[string][]byte) {
			a["y_train"] = npyText("{'shape': (3,), 'fortran_order': False, 'descr': '|u1'}", []byte{9, 0, 1})
		},
		"other spaces, a comma": func(a map[string][]byte) {
			a["x_test"] = npyText("{ \"descr\":'|u1',\"fortran_order\":False , 'shape':(2,2,3,) }\n", slices.Repeat([]byte{1, 2, 3, 4, 5, 6}, 2))
		},
		"version 3": func(a map[string][]byte) {
			b := a["y_train"]
			a["y_train"] = slices.Concat([]byte("\x93NUMPY\x03\x00"), b[8:10], []byte{0, 0}, b[10:])
		},
		"more arrays": func(a map[string][]byte) { a["z"] = []byte("not looked at") },
	} {
		arrays := kerasArrays()
		change(arrays)
		writeFile(t, path, npzOf(t, arrays))
		train, test, warnings := opened(t, path)
		if !slices.Equal(train.Classes, []string{"0", "1", "9"}) || !slices.Equal(train.Labels, []int{2, 0, 1}) || !slices.Equal(test.Labels, []int{1, 2}) {
			t.Errorf("%s: found the classes %v, labels %v and %v", reason, train.Classes, train.Labels, test.Labels)
		}
		if !slices.Equal(test.Shape, []int{1, 2, 3}) || !slices.Equal(test.Image(1), []byte{1, 2, 3, 4, 5, 6}) || train.Name != path+"/train" {
			t.Errorf("%s: found %v of %v, %s", reason, test.Image(1), test.Shape, train.Name)
		}
		if len(warnings) != 2 || !strings.Contains(warnings[1], "2 of 2 test images are exact copies") {
			t.Errorf("%s: found warnings %q", reason, warnings)
		}
	}
}

// TestKerasFileArchives has the arrays in archives as other programs write them.
func TestKerasFileArchives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mnist.npz")
	write := func(comment string, more ...string) {
		var out bytes.Buffer
		z := zip.NewWriter(&out)
		arrays := kerasArrays()
		for _, name := range slices.Concat(more, slices.Sorted(maps.Keys(arrays))) {
			data := arrays[name]
			if data != nil {
				name += ".npy"
			}
			w, err := z.Create(name)
			check(t, err)
			if data != nil {
				_, err = w.Write(data)
				check(t, err)
			}
		}
		check(t, z.SetComment(comment))
		check(t, z.Close())
		writeFile(t, path, out.Bytes())
	}
	write("made by hand", "data/", "__MACOSX/", "__MACOSX/._x_train.npy")
	train, _, err := Open(path, Options{})
	check(t, err)
	if !slices.Equal(train.Labels, []int{2, 0, 1}) {
		t.Errorf("found the labels %v", train.Labels)
	}
	write("", "x_train.npy")
	_, _, err = Open(path, Options{})
	wantErr(t, err, ErrFormat, path, "x_train twice")
}

func TestKerasFileRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mnist.npz")
	for _, c := range []struct {
		reason string
		change func(map[string][]byte)
		kind   error
		say    string
	}{
		{"an array lacks", func(a map[string][]byte) { delete(a, "y_test") }, ErrNotFound, "y_test: found the arrays x_test, x_train, y_train, expected x_train, y_train, x_test, y_test"},
		{"floating point", func(a map[string][]byte) { a["x_test"] = npyOf("<f4", "False", "1, 1, 1", make([]byte, 4)) }, ErrFormat, "x_test: type: found f4"},
		{"colour", func(a map[string][]byte) { a["x_test"] = npyOf("|u1", "False", "1, 1, 1, 3", make([]byte, 3)) }, ErrFormat, "expected [images height width]"},
		{"text", func(a map[string][]byte) { a["y_test"] = npyOf("<U1", "False", "2,", make([]byte, 2)) }, ErrFormat, "y_test: type: found U1"},
		{"one-hot", func(a map[string][]byte) { a["y_test"] = npyOf("|u1", "False", "2, 2", make([]byte, 4)) }, ErrFormat, "expected [labels]"},
		{"a negative label", func(a map[string][]byte) { a["y_test"] = npyOf("|i1", "False", "2,", []byte{1, 0xff}) }, ErrFormat, "label 1"},
		{"a large label", func(a map[string][]byte) { a["y_test"] = npyOf("<i2", "False", "2,", []byte{1, 0, 0, 1}) }, ErrFormat, "label 1"},
		{"fewer labels", func(a map[string][]byte) { a["y_test"] = npyOf("|u1", "False", "1,", []byte{1}) }, ErrFormat, "y_test: labels: found 1, expected one for each of 2 images"},
		{"no images", func(a map[string][]byte) { a["x_test"] = npyOf("|u1", "False", "0, 2, 3", nil) }, ErrFormat, "side of 0"},
		{"huge", func(a map[string][]byte) { a["x_test"] = npyOf("|u1", "False", "2000000000, 28, 28", nil) }, ErrTooLarge, "x_test"},
		{"cut short", func(a map[string][]byte) { a["x_test"] = a["x_test"][:len(a["x_test"])-1] }, ErrFormat, "found 11 bytes, expected 12"},
		{"longer", func(a map[string][]byte) { a["x_test"] = append(a["x_test"], 0) }, ErrFormat, "found more behind the numbers"},
		{"objects", func(a map[string][]byte) { a["x_test"] = npyOf("|O", "False", "2,", nil) }, ErrFormat, "npy header"},
		{"no header", func(a map[string][]byte) { a["x_test"] = []byte("\x93NUMPY\x01\x00\xff\xff") }, ErrFormat, "npy header"},
		{"a scalar", func(a map[string][]byte) { a["y_test"] = npyOf("|u1", "False", "", []byte{1}) }, ErrFormat, "shape"},
		{"a test class that is not trained on", func(a map[string][]byte) { a["y_test"] = npyOf("|u1", "False", "2,", []byte{1, 5}) }, ErrClass, "found the class 5"},
	} {
		arrays := kerasArrays()
		c.change(arrays)
		writeFile(t, path, npzOf(t, arrays))
		_, _, err := Open(path, Options{})
		t.Log(c.reason)
		wantErr(t, err, c.kind, c.say, path)
	}
	whole := npzOf(t, kerasArrays())
	for reason, content := range map[string][]byte{
		"empty": nil, "short": []byte("PK\x03\x04"), "text": []byte("a text of some length, which is no archive"), "cut": whole[:len(whole)-10], "damaged": append(slices.Clone(whole[:40]), whole[45:]...),
	} {
		writeFile(t, path, content)
		_, _, err := Open(path, Options{})
		t.Log(reason)
		wantErr(t, err, ErrFormat, path)
	}
	for i := range whole { // a flipped bit anywhere is an error or changes nothing that is read
		spoilt := slices.Clone(whole)
		spoilt[i] ^= 4
		writeFile(t, path, spoilt)
		if train, _, err := Open(path, Options{}); err == nil && !slices.Equal(train.Image(0), []byte{1, 2, 3, 4, 5, 6}) {
			t.Errorf("a flipped bit of byte %d changed an image", i)
		}
	}
}

// TestKerasFileLies has an archive of zeros that says it is small.
func TestKerasFileLies(t *testing.T) {
	arrays := kerasArrays()
	arrays["x_train"] = npyOf("|u1", "False", "100000, 28, 28", make([]byte, 100_000*28*28))
	path := filepath.Join(t.TempDir(), "mnist.npz")
	content := npzOf(t, arrays)
	writeFile(t, path, content)
	taken := allocated(func() {
		_, _, err := Open(path, Options{})
		wantErr(t, err, ErrTooLarge, "x_train")
	})
	if taken > 8<<20 {
		t.Errorf("took %d bytes for a file of %d", taken, len(content))
	}
}
