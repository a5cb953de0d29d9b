package command

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
)

// TestLRFind looks at the lines and the picture, of a head and of a fresh
// network, and that nothing else is written.
func TestLRFind(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	from := pretrained()
	before := readFile(t, from)
	for _, flags := range [][]string{{"--from", from, "--last", "2"}, {"--solver", "adam"}} {
		args := append([]string{"lr-find", "--data", "sample", "--classes", "5-9", "--limit", "320", "--batch", "16", "--steps", "40", "--quiet"}, flags...)
		r := ok(t, append(args, "--json")...)
		lines := r.objects(t)
		done := lines[len(lines)-1]
		kinds{"done": yes, "suggested_learning_rate": number, "steps": count, "out": text, "trained": names}.check(t, done)
		if int(done["steps"].(float64)) != len(lines)-1 || len(lines) < 10 {
			t.Errorf("%v: found %d lines and %v", flags, len(lines), done)
		}
		last := 0.0
		for _, line := range lines[:len(lines)-1] {
			kinds{"step": count, "learning_rate": number, "loss": number, "smoothed_loss": number}.check(t, line)
			if rate := line["learning_rate"].(float64); rate <= last {
				t.Errorf("%v: found the rate %v after %v", flags, rate, last)
			} else {
				last = rate
			}
		}
		svg := string(readFile(t, "lr-find.svg"))
		for _, word := range []string{"<svg", ">learning rate<", ">loss<", ">smoothed<", ">suggested<"} {
			if !strings.Contains(svg, word) {
				t.Errorf("%v: the picture does not say %q", flags, word)
			}
		}
		said := ok(t, append(args, "--out", "lr.png")...)
		if !strings.Contains(said.out, "suggested learning rate: ") {
			t.Errorf("found %q", said.out)
		}
		if again := ok(t, append(args, "--json")...); again.out != r.out {
			t.Error("the same command line gave other numbers")
		}
		if _, err := png.Decode(bytes.NewReader(readFile(t, "lr.png"))); err != nil {
			t.Error(err)
		}
	}
	if found := files(t, "."); found != "lr-find.svg lr.png" || !bytes.Equal(before, readFile(t, from)) {
		t.Errorf("found the files %s; or the network has changed", found)
	}
}

func TestLRFindUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		flags []string
		say   string
	}{
		{[]string{"--lr-min", "0"}, "--lr-min"},
		{[]string{"--lr-min", "2"}, "--lr-max"},
		{[]string{"--lr-max", "Inf"}, "--lr-max"},
		{[]string{"--steps", "1"}, "--steps"},
		{[]string{"--out", "a.jpg"}, "--out"},
		{[]string{"--out="}, "--out"},
		{[]string{"--batch", "0"}, "--batch"},
		{[]string{"--solver", "lbfgs"}, "--solver"},
		{[]string{"--last", "2"}, "--from"},
		{[]string{"--from", pretrained(), "--last", "9"}, "1 to 4"},
	} {
		mnist(t, append([]string{"lr-find", "--data", "sample"}, test.flags...)...).refused(t, exitUsage, test.say)
	}
	if found := files(t, "."); found != "" {
		t.Errorf("left the files %s", found)
	}
}
