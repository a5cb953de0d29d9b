package dataset

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/pkg/errors"
	"golang.org/x/text/unicode/norm"
)

// canonicalName returns the form in which class names are compared and kept: without white space
// around, and in NFC, in which a letter with its accent is one character. File systems and keyboards
// also give letter and accent apart (NFD), or a space at the end, which looks the same. (Unicode
// Standard Annex 15, https://unicode.org/reports/tr15/.)
func canonicalName(name string) string { return norm.NFC.String(strings.TrimSpace(name)) }

// ClassName returns a name as a class has it: in Unicode's form NFC, without white space around it. A
// name that is empty, shows nothing, does not fit on one line or is not UTF-8 is an ErrClass.
func ClassName(name string) (string, error) {
	name = canonicalName(name)
	if !validName(name) {
		return "", errors.Wrapf(ErrClass, "class: found the name %q, expected printable characters on one line, in UTF-8", name)
	}
	return name, nil
}

// canonicalNames returns the canonical names of a list.
func canonicalNames(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = canonicalName(name)
	}
	return out
}

// repeated returns the place of the first of the canonical names that stands in the list before, or -1.
func repeated(canonical []string) int {
	seen := map[string]bool{}
	for i, name := range canonical {
		if seen[name] {
			return i
		}
		seen[name] = true
	}
	return -1
}

// validName reports whether a name can be a class's: UTF-8 of one line with something to see in it.
// Spaces of all kinds and the joiners of emoji, Persian and Indic scripts belong to names.
func validName(name string) bool {
	return oneLine(name) && strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) })
}

// oneLine reports whether text is UTF-8 without characters that break the line of a message, steer a
// terminal, or turn the direction of what follows.
func oneLine(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return escape.Obeyed(r) && !slices.Contains(directionMarks, r)
	})
}

// directionMarks stand in Arabic and Hebrew names; they turn nothing but their neighbours.
var directionMarks = []rune{'\u061c', '\u200e', '\u200f'}
