package dataset

import (
	"errors"
	"strconv"
)

// The errors to test for with errors.Is. What is returned wraps one of them in a single line that
// names the file, the field, what was found and what was expected.
var (
	// ErrFormat: a file is truncated, damaged or of another type.
	ErrFormat = errors.New("bad file")
	// ErrTooLarge: a file, or what it would unpack to, exceeds a limit of this package.
	ErrTooLarge = errors.New("over the limit")
	// ErrChecksum: a file of MNIST does not have its published SHA-256.
	ErrChecksum = errors.New("wrong checksum")
	// ErrNotFound: a data set, or one file of it, is not there.
	ErrNotFound = errors.New("not found")
	// ErrClass: a class that the set lacks, or a list of classes that cannot be read.
	ErrClass = errors.New("bad class")
	// ErrArgument: an argument is out of its range.
	ErrArgument = errors.New("bad argument")
	// ErrBlank: an image has no ink on it.
	ErrBlank = errors.New("blank image")
)

// printable returns s, quoted if it holds characters that would break the one line of a message.
func printable(s string) string {
	if oneLine(s) {
		return s
	}
	return strconv.Quote(s)
}
