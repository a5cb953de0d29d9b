package dataset

import (
	"fmt"
	"strings"
)

// BadFiles is the error of image files that cannot be read. It is an ErrFormat. Its message names the
// first BadFilesNamed; errors.As gives all.
type BadFiles struct {
	Folder string
	Of     int      // files that are images, or named as images are
	Paths  []string // those that cannot be read
	Errors []error  // what is wrong with each, in one line that names it
}

// BadFilesNamed is how many files the message of BadFiles names.
const BadFilesNamed = 5

// Error returns one line.
func (b *BadFiles) Error() string {
	return fmt.Sprintf("%s: %d of %d files are not usable: %s", printable(b.Folder), len(b.Errors), b.Of, firstOf(b.Errors))
}

// Unwrap returns ErrFormat.
func (b *BadFiles) Unwrap() error { return ErrFormat }

// firstOf lists errors in one line: the first ones, and how many more there are.
func firstOf(all []error) string {
	list := make([]string, 0, BadFilesNamed)
	for _, err := range all[:min(len(all), BadFilesNamed)] {
		list = append(list, err.Error())
	}
	text := strings.Join(list, "; ")
	if more := len(all) - BadFilesNamed; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
