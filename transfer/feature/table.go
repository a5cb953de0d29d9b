package feature

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/internal/npz"
	"github.com/pkg/errors"
)

// Part is the features of some images, for use by other programs.
type Part struct {
	Name     string       // such as "train": letters, digits and _
	Images   *dataset.Set // gives the images' names and classes
	Features *Set         // one row per image
}

// file returns the name of an image: its path, or for images in memory the set's name
// and the index.
func (p Part) file(i int) string {
	if file := p.Images.File(i); file != "" {
		return file
	}
	return fmt.Sprintf("%s/%d", p.Images.Name, i)
}

// check returns an error unless each part has a row for each image, all rows have the
// same size, and all parts have the same classes.
func check(parts []Part) (size int, err error) {
	if len(parts) == 0 {
		return 0, errors.Wrap(ErrTable, "found no features")
	}
	for _, p := range parts {
		switch {
		case p.Images.Len() == 0 || p.Features == nil || p.Features.rows == nil:
			return 0, errors.Wrapf(ErrTable, "%s: found no images or no features; of a trunk without layers there are none", p.Name)
		case p.Features.Len() != p.Images.Len():
			return 0, errors.Wrapf(ErrTable, "%s: found %d rows of features, expected %d, one for each image", p.Name, p.Features.Len(), p.Images.Len())
		case size != 0 && size != sizeOf(p.Features.ExampleShape()):
			return 0, errors.Wrapf(ErrTable, "%s: found rows of %d numbers, those of %s have %d", p.Name, sizeOf(p.Features.ExampleShape()), parts[0].Name, size)
		case strings.Join(p.Images.Classes, "\n") != strings.Join(parts[0].Images.Classes, "\n"):
			return 0, errors.Wrapf(ErrTable, "%s: found other classes than those of %s", p.Name, parts[0].Name)
		}
		size = sizeOf(p.Features.ExampleShape())
	}
	return size, nil
}

// ErrTable is the cause of errors about features that cannot be written as a table.
var ErrTable = errors.New("features cannot be written")

// WriteCSV writes a table with one line per image: part, file, label, and the features
// f0, f1, ..., which read back as the same float32. In names and labels, terminal
// control characters are escaped. A text that a spreadsheet would run as a formula (it
// starts with = + - or @ and is not a number) gets a leading apostrophe.
func WriteCSV(w io.Writer, parts ...Part) error {
	size, err := check(parts)
	if err != nil {
		return err
	}
	table := csv.NewWriter(w)
	row := []string{"part", "file", "label"}
	for i := range size {
		row = append(row, "f"+strconv.Itoa(i))
	}
	if err := table.Write(row); err != nil {
		return err
	}
	values := make([]float32, size)
	for _, p := range parts {
		for i := range p.Images.Len() {
			if err := dataset.Read(p.Features, values, []int{i}); err != nil {
				return err
			}
			row = append(row[:0], p.Name, escape.Cell(p.file(i)), escape.Cell(p.Images.Classes[p.Images.Label(i)]))
			for _, v := range values {
				row = append(row, strconv.FormatFloat(float64(v), 'g', -1, 32))
			}
			if err := table.Write(row); err != nil {
				return err
			}
		}
	}
	table.Flush()
	return table.Error()
}

// WriteNPZ writes a file for numpy.load. For each part NAME it has the features NAME
// [N,F] float32, NAME_labels [N] int64 and NAME_files [N] text. It also has classes
// [K], text.
func WriteNPZ(w io.Writer, parts ...Part) error {
	size, err := check(parts)
	if err != nil {
		return err
	}
	z := npzWriter{zip.NewWriter(w)}
	for _, p := range parts {
		n := p.Images.Len()
		labels, files := make([]int64, n), make([]string, n)
		for i := range n {
			labels[i], files[i] = int64(p.Images.Label(i)), p.file(i)
		}
		err := z.array(p.Name, "<f4", []int{n, size}, func(w io.Writer) error {
			values := make([]float32, size)
			for i := range n {
				if err := dataset.Read(p.Features, values, []int{i}); err != nil {
					return err
				}
				if err := binary.Write(w, binary.LittleEndian, values); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := z.array(p.Name+"_labels", "<i8", []int{n}, func(w io.Writer) error { return binary.Write(w, binary.LittleEndian, labels) }); err != nil {
			return err
		}
		if err := z.texts(p.Name+"_files", files); err != nil {
			return err
		}
	}
	if err := z.texts("classes", parts[0].Images.Classes); err != nil {
		return err
	}
	return z.Close()
}

// npzWriter writes arrays in NumPy's format.
type npzWriter struct{ *zip.Writer }

// array writes an array. values writes its elements. The array is stored uncompressed.
func (z npzWriter) array(name, descr string, shape []int, values func(io.Writer) error) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name + ".npy", Method: zip.Store})
	if err != nil {
		return err
	}
	if _, err := w.Write(npz.Prefix(descr, shape)); err != nil {
		return err
	}
	return values(w)
}

// texts writes an array of strings: UTF-32, padded to the longest.
func (z npzWriter) texts(name string, list []string) error {
	longest := 1
	for _, s := range list {
		longest = max(longest, utf8.RuneCountInString(s))
	}
	return z.array(name, fmt.Sprintf("<U%d", longest), []int{len(list)}, func(w io.Writer) error {
		for _, s := range list {
			var b bytes.Buffer
			for _, r := range s {
				b.Write(binary.LittleEndian.AppendUint32(nil, uint32(r)))
			}
			b.Write(make([]byte, 4*longest-b.Len()))
			if _, err := w.Write(b.Bytes()); err != nil {
				return err
			}
		}
		return nil
	})
}
