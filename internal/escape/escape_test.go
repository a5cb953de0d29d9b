package escape

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"testing"
	"time"
)

func TestText(t *testing.T) {
	for s, want := range map[string]string{
		"":                       "",
		"plain.png":              "plain.png",
		"é ü 日本 a\u200db\u00a0c": "é ü 日本 a\u200db\u00a0c",
		"\x1b[31m":               `\x1b[31m`,
		"a\nb\tc\rd\ae":          `a\nb\tc\rd\ae`,
		"\u009b\u202e\u2028":     `\u009b\u202e\u2028`,
		"\x7f\xff\xc3":           `\x7f\xff\xc3`,
		"\ufffd\\":               "\ufffd\\",
	} {
		if found := Text(s); found != want {
			t.Errorf("%q: found %q, expected %q", s, found, want)
		}
	}
}

func TestCell(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "cat": "cat", "-1": "-1", "+1.5e3": "+1.5e3", "a=b": "a=b", "-a.jpg": "'-a.jpg",
		"=HYPERLINK(\"x\")": "'=HYPERLINK(\"x\")", "+1-2": "'+1-2", "@SUM(A1)": "'@SUM(A1)", "=\x1b": `'=\x1b`,
	} {
		if found := Cell(s); found != want {
			t.Errorf("%q: found %q, expected %q", s, found, want)
		}
	}
}

// TestForReaders: what is JSON stays the same JSON, and lines stay lines.
func TestForReaders(t *testing.T) {
	const name = "a\x7f\u202eb\u009b"
	text, err := json.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	shown := JSON(text)
	var read string
	if err := json.Unmarshal(shown, &read); err != nil || read != name || slices.ContainsFunc([]rune(string(shown)), Obeyed) {
		t.Errorf("found %s, read as %q, %v, expected %q in what no terminal obeys", shown, read, err, name)
	}
	var b bytes.Buffer
	n, err := io.WriteString(Lines{&b}, "one\x1b\ntwo\r\nthree")
	if want := `one\x1b` + "\n" + `two\r` + "\nthree"; err != nil || n != 15 || b.String() != want {
		t.Errorf("found %q, %d bytes taken, %v, expected %q", b.String(), n, err, want)
	}
	if got, want := Sprintf("%s %d %v %v %v", "a\n", 7, io.EOF, []string{"\r"}, time.Second), `a\n 7 EOF [\r] 1s`; got != want {
		t.Errorf("found %q, expected %q", got, want)
	}
	if got := Texts([]string{"a", "b\n"}); !slices.Equal(got, []string{"a", `b\n`}) {
		t.Errorf("found %q", got)
	}
}
