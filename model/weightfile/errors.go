package weightfile

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"
)

// The causes of this package's errors, beside those of the operating system,
// model.ErrSpec and model.ErrWeights. Test for them with errors.Is.
var (
	// ErrFormat: the bytes do not follow their format: truncated, damaged, or of
	// another format.
	ErrFormat = errors.New("damaged or unknown file")
	// ErrForeign: a valid file, but not one that Write made.
	ErrForeign = errors.New("not a lastlayer model")
	// ErrModel: a network that cannot be written as it is.
	ErrModel = errors.New("not a complete model")
)

// fault returns an error with that cause, its message on one line and of
// bounded length, since parts of it may come from a file.
func fault(cause error, file, format string, args ...any) error {
	return errors.Wrap(cause, file+": "+clip(fmt.Sprintf(format, args...), 500))
}

// clip returns at most n bytes of s, on one line.
func clip(s string, n int) string {
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "") + "…"
	}
	return strings.Join(strings.Fields(s), " ")
}
