// Package escape shows text that may hold anything, such as the names of files
// and of classes, in what a terminal does not obey.
package escape

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Obeyed reports whether a terminal would obey r instead of showing it, or r would
// break a line or turn the direction of what follows.
func Obeyed(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// Text returns s with everything that a terminal would obey, and bytes that
// are no text, as escapes: \x1b, \n, \u202e.
func Text(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, Obeyed) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		letter := s[i:]
		if _, size := utf8.DecodeRuneInString(letter); size < len(letter) {
			letter = letter[:size]
		}
		if Obeyed(r) || r == utf8.RuneError && len(letter) == 1 {
			letter = strings.Trim(strconv.QuoteToASCII(letter), `"`)
		}
		b.WriteString(letter)
	}
	return b.String()
}

// Cell is Text for a cell of a CSV file: one that a spreadsheet would run as a formula,
// since it begins with = + - or @ and is no number, begins with an apostrophe.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			s = "'" + s
		}
	}
	return Text(s)
}

// Cells is Cell of each.
func Cells(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = Cell(name)
	}
	return list
}

// Texts is Text of each.
func Texts(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = Text(name)
	}
	return list
}

// Sprintf is fmt.Sprintf, with Text of all that is text among the arguments.
func Sprintf(format string, args ...any) string {
	list := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case string:
			list[i] = Text(a)
		case error:
			list[i] = Text(a.Error())
		case []string:
			list[i] = Texts(a)
		case fmt.Stringer:
			list[i] = Text(a.String())
		default:
			list[i] = a
		}
	}
	return fmt.Sprintf(format, list...)
}

// JSON returns a JSON text in which the same is escaped: the encoder leaves some of
// it as it is.
func JSON(text []byte) []byte {
	if strings.IndexFunc(string(text), Obeyed) < 0 {
		return text
	}
	var b []byte
	for _, r := range string(text) {
		if Obeyed(r) {
			b = fmt.Appendf(b, `\u%04x`, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// Lines writes lines of text as Text does each.
type Lines struct{ io.Writer }

func (w Lines) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		body, ended := strings.CutSuffix(line, "\n")
		text := Text(body)
		if ended {
			text += "\n"
		}
		if _, err := io.WriteString(w.Writer, text); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
