package command

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unprintable reports whether a terminal would obey r instead of showing it.
// The names of files and classes may hold anything.
func unprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
}

// printable returns s with everything that a terminal would obey, and bytes that
// are no text, as escapes: \x1b, \n, \u202e.
func printable(s string) string {
	if utf8.ValidString(s) && !strings.ContainsFunc(s, unprintable) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		letter := s[i:]
		if _, size := utf8.DecodeRuneInString(letter); size < len(letter) {
			letter = letter[:size]
		}
		if unprintable(r) || r == utf8.RuneError && len(letter) == 1 {
			letter = strings.Trim(strconv.QuoteToASCII(letter), `"`)
		}
		b.WriteString(letter)
	}
	return b.String()
}

// printableNames returns the names as printable does each.
func printableNames(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = printable(name)
	}
	return list
}

// shown returns the arguments of a line of text with all that is text printable.
func shown(args []any) []any {
	list := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case string:
			list[i] = printable(a)
		case error:
			list[i] = printable(a.Error())
		case []string:
			list[i] = printableNames(a)
		case fmt.Stringer:
			list[i] = printable(a.String())
		default:
			list[i] = a
		}
	}
	return list
}

// printableJSON returns a JSON text in which the same is escaped: the encoder
// leaves some of it as it is.
func printableJSON(text []byte) []byte {
	if strings.IndexFunc(string(text), unprintable) < 0 {
		return text
	}
	var b []byte
	for _, r := range string(text) {
		if unprintable(r) {
			b = fmt.Appendf(b, `\u%04x`, r)
		} else {
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// printableLines makes what is written printable, but for the ends of lines.
type printableLines struct{ io.Writer }

func (w printableLines) Write(p []byte) (int, error) {
	for line := range strings.Lines(string(p)) {
		body, ended := strings.CutSuffix(line, "\n")
		text := printable(body)
		if ended {
			text += "\n"
		}
		if _, err := io.WriteString(w.Writer, text); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}
