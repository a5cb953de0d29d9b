package report

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/pkg/errors"
)

// Page and Metrics are the names of the page and of the figures.
const (
	Page    = "index.html"
	Metrics = "metrics.jsonl"
)

// Report is what a page tells.
type Report struct {
	Title       string // the command, such as "mnist retrain"
	Interrupted string // what interrupted the work; "" if nothing did
	Layers      []model.LayerInfo
	Training    bool                // layers are trained or frozen; not so in an evaluation
	Of          int                 // epochs that were asked for
	Epochs      []train.EpochReport // those that were trained
	Test        *dataset.Set
	Metrics     *train.Metrics    // of Test; nil where it was not run
	Mistakes    []picture.Mistake // of Test, all of them, the most confident first
	Maps        []*explain.Map    // of the first of these, for the given class; nil for none
	Skipped     []string          // files that are left out, and why
	Kernels     *Kernels
	Facts       []Fact
	Lines       []any // one JSON object each
}

// Kernels are those of the first layer, a convolution.
type Kernels struct {
	Weight string         // its name, such as "conv1/W"
	Before *model.Weights // holds Weight as it was; nil where nothing was trained
	After  *model.Weights
}

// Fact is a row of the table of facts.
type Fact struct{ Name, Value string }

// pictured names the pictures, each an .svg and a .png file.
var pictured = []string{"loss", "accuracy", "confusion", "mistakes", "kernels"}

// Names returns the names of all files that a report may write.
func Names() []string {
	names := []string{Page, Metrics}
	for _, name := range pictured {
		names = append(names, name+".svg", name+".png")
	}
	return names
}

// Write writes the report into the folder, which is made where it is missing.
// Each file is there in whole or not at all; the page is the last one. After an error
// there is no file that was not there before.
func (r *Report) Write(folder string) error {
	files := map[string][]byte{}
	v := r.view()
	if err := r.draw(v, files); err != nil {
		return err
	}
	var lines, page bytes.Buffer
	for _, line := range r.Lines {
		if err := json.NewEncoder(&lines).Encode(line); err != nil {
			return errors.Wrap(err, Metrics)
		}
	}
	if err := pageTemplate.Execute(&page, v); err != nil {
		return errors.Wrap(err, "make the page")
	}
	files[Metrics], files[Page] = lines.Bytes(), page.Bytes()
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return errors.Wrap(err, "make the report's folder")
	}
	return replace(folder, files)
}

// replace writes the files of a report, and removes those that a former one has
// beside them.
func replace(folder string, files map[string][]byte) (err error) {
	former := isReport(folder)
	var added []string
	defer func() {
		if err == nil {
			return
		}
		for _, path := range added {
			_ = os.Remove(path) // the error that is returned came first
		}
	}()
	names := Names()
	for _, name := range append(names[1:], Page) {
		path := filepath.Join(folder, name)
		content, made := files[name]
		if !made && !former {
			continue
		}
		if !made {
			if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
				return errors.Wrap(err, "remove what a former report left")
			}
			continue
		}
		_, missing := os.Lstat(path)
		err := weightfile.ReplaceFile(path, func(w io.Writer) error { _, err := w.Write(content); return err })
		if err != nil {
			return err
		}
		if os.IsNotExist(missing) {
			added = append(added, path)
		}
	}
	return nil
}

// mark is in every page, to know a folder with a report again.
const mark = `<meta name="generator" content="lastlayer mnist">`

func isReport(folder string) bool {
	page, err := os.ReadFile(filepath.Join(folder, Page))
	return err == nil && bytes.Contains(page, []byte(mark))
}

// Writable returns an error unless a report can be written into the folder, or
// the folder be made. It changes nothing.
func Writable(folder string) error {
	for _, name := range Names() {
		if info, err := os.Stat(filepath.Join(folder, name)); err == nil && !info.Mode().IsRegular() {
			return errors.Errorf("write %s: found a folder, device or pipe, expected a file or nothing", filepath.Join(folder, name))
		}
	}
	there := filepath.Clean(folder)
	for {
		info, err := os.Stat(there)
		if err == nil && !info.IsDir() {
			return errors.Errorf("write into %s: found a file %s, expected a folder or nothing", folder, there)
		}
		if err == nil {
			break
		}
		if !os.IsNotExist(err) || there == filepath.Dir(there) {
			return errors.Wrapf(err, "write into %s", folder)
		}
		there = filepath.Dir(there)
	}
	f, err := os.CreateTemp(there, ".lastlayer-*")
	if err != nil {
		return errors.Wrapf(err, "write into %s", folder)
	}
	f.Close()
	return os.Remove(f.Name())
}
