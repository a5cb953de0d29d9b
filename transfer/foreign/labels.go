package foreign

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
)

// maxLabels bounds a file of labels; 21,843 take 1 MB.
const maxLabels = 16 << 20

// ReadLabels reads the classes of a network, for Origin.Classes, from a text with
// one on each line, in the order of the outputs. Empty lines at the end are
// skipped. path must name a regular file.
func ReadLabels(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its writer
		return nil, errors.Errorf("%s: found no regular file, expected a text file with a class on each line", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLabels+1))
	switch {
	case err != nil:
		return nil, errors.Wrap(err, path)
	case len(text) > maxLabels || !utf8.Valid(text):
		return nil, errors.Errorf("%s: expected a text in UTF-8 of at most %d bytes, a class on each line", path, maxLabels)
	}
	labels := strings.Split(strings.TrimRight(strings.TrimPrefix(string(text), "\ufeff"), "\r\n\t "), "\n")
	for i, label := range labels {
		if labels[i], err = dataset.ClassName(label); err != nil {
			return nil, errors.Wrapf(err, "%s:%d", path, i+1)
		}
	}
	return labels, nil
}

// distinct returns the labels with a number behind each that was there before, as
// ImageNet has two cranes, and those numbered.
func distinct(labels []string) (all, numbered []string) {
	taken := map[string]bool{}
	for _, label := range labels {
		taken[label] = true
	}
	seen := map[string]bool{}
	for _, label := range labels {
		name := label
		for i := 2; seen[name] || name != label && taken[name]; i++ {
			name = fmt.Sprintf("%s (%d)", label, i)
		}
		if name != label {
			numbered = append(numbered, name)
		}
		seen[name] = true
		all = append(all, name)
	}
	return all, numbered
}
