package dataset

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestOverlap(t *testing.T) {
	train, test, err := Open("sample", Options{})
	if err != nil {
		t.Fatal(err)
	}
	seen := train.Seen()
	for _, c := range []struct {
		reason     string
		seen       Seen
		set        *Set
		json, says string
	}{
		{"nothing known", Seen{}, train, `{"trained_on":null}`, ""},
		{"others", seen, test, `{"trained_on":0}`, ""},
		{"the same", seen, train, `{"trained_on":2000}`, "trained on 2000 of 2000 test images: on"},
		{"a sample", seen.Lowest(500), train, `{"trained_on":500,"looked_up":500}`, "trained on 500 of 500 test images, a sample of the 2000: on"},
	} {
		o := c.seen.Overlap(c.set)
		if text, err := json.Marshal(o); err != nil || string(text) != c.json {
			t.Errorf("%s: found %s, %v, expected %s", c.reason, text, err, c.json)
		}
		if got := o.String(); !strings.HasPrefix(got, c.says) || (got == "") != (c.says == "") {
			t.Errorf("%s: found %q, expected %q", c.reason, got, c.says)
		}
	}
}
