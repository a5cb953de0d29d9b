package command

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestRate makes sure that a bar tells no rate before it can: what was done when
// it began, by a training that is taken up again even many epochs, took no time
// that it knows of.
func TestRate(t *testing.T) {
	begin := time.Now()
	b := &bar{of: 60_000, unit: "images", first: -1}
	for _, test := range []struct {
		done  int64
		after time.Duration
		want  string
	}{
		{50_000, 0, ""},
		{50_064, 2 * time.Millisecond, ""},
		{50_000, time.Hour, ""}, // nothing more was done
		{50_640, time.Second, ", 640 images/s, 15s left"},
		{60_000, 10 * time.Second, ", 1000 images/s, 0s left"},
	} {
		if b.first < 0 {
			b.first, b.start = test.done, begin
		}
		if found := b.rate(test.done, begin.Add(test.after)); found != test.want {
			t.Errorf("%d done after %v: found %q, expected %q", test.done, test.after, found, test.want)
		}
	}
}

// TestBarOnATerminal counts as fast as a slow training does.
func TestBarOnATerminal(t *testing.T) {
	var screen bytes.Buffer
	o := &output{progress: &screen, terminal: true}
	for i := range 9 {
		o.bar("train", "images", 960).set(int64(i+1) * 64)
		time.Sleep(100 * time.Millisecond)
	}
	o.endBar()
	shown := screen.String()
	rates := regexp.MustCompile(`([\d.e+]+) images/s`).FindAllStringSubmatch(shown, -1)
	if len(rates) == 0 || !strings.Contains(shown, "64/960") {
		t.Fatalf("found %q, expected the count and a rate", shown)
	}
	for _, rate := range rates {
		if v, err := strconv.ParseFloat(rate[1], 64); err != nil || v > 641 {
			t.Errorf("found %s, expected at most 640", rate[0])
		}
	}
}
