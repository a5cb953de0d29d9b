package page

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestPredict(t *testing.T) {
	r := serve(t)
	var p prediction
	r.get(t, "POST", "/predict", shape(t, 1, 0), &p)
	if p.Label != "0" || len(p.Input) != 784 || len(p.Classes) != 10 || len(p.Probabilities) != 10 {
		t.Errorf("found %s with %d pixels for a circle, expected 0", p.Label, len(p.Input))
	}
	for i, want := range [][]int{{8, 14, 14}, {16, 7, 7}, {128}, {10}} {
		a := p.Layers[i]
		pixels := 1
		for _, side := range want {
			pixels *= side
		}
		if len(a.Pixels) != pixels || a.Shown != want[0] || a.Shape[0] != want[0] || a.Silent >= want[0] {
			t.Errorf("layer %d: found %v, %d of %d silent and %d pixels, expected %v", i, a.Shape, a.Silent, a.Shown, len(a.Pixels), want)
		}
	}
}

func TestMalformedRequests(t *testing.T) {
	r := serve(t)
	good := shape(t, 3, 0)
	blank := encode(t, image.NewGray(image.Rect(0, 0, 40, 40)))
	wide := encode(t, image.NewGray(image.Rect(0, 0, 2000, 600)))
	header := good[12:16] + "\x00\x01\x86\xa0\x00\x01\x86\xa0" + good[24:29] // 100,000 square
	huge := good[:12] + header + string(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(header)))) + good[33:]
	for _, q := range []struct {
		status                  int
		say, method, path, body string
	}{
		{400, "first bytes", "POST", "/predict", ""},
		{400, "first bytes", "POST", "/predict", "words"},
		{400, "PNG", "POST", "/predict", good[:len(good)/2]},
		{400, "header", "POST", "/predict", "\xff\xd8\xff\xe0"},
		{422, "blank image", "POST", "/predict", blank},
		{413, "2000×600", "POST", "/predict", wide},
		{413, "100000×100000", "POST", "/predict", huge},
		{413, "524288", "POST", "/predict", strings.Repeat("x", maxImage+1)},
		{405, "", "GET", "/predict", ""},
		{405, "", "PUT", "/state", ""},
		{400, "class", "POST", "/samples", good},
		{400, "class", "POST", "/samples?class=%20%09", good},
		{400, "class", "POST", "/samples?class=" + strings.Repeat("a", maxName+1), good},
		{400, "printable", "POST", "/samples?class=a%00b", good},
		{400, "class", "POST", "/samples?class=%ff%fe", good},
		{400, "first bytes", "POST", "/samples?class=a", "words"},
		{422, "blank image", "POST", "/samples?class=a", blank},
		{400, "no such class", "DELETE", "/samples?class=a&what=all", ""},
		{400, "latest or all", "DELETE", "/samples?class=a", ""},
		{400, "JSON", "POST", "/retrain", ""},
		{400, "JSON", "POST", "/retrain", "{"},
		{400, "JSON", "POST", "/retrain", "[1]"},
		{400, "JSON", "POST", "/retrain", `{"last":1.5}`},
		{400, "JSON", "POST", "/retrain", `{"last":99999999999999999999}`},
		{400, "unknown field", "POST", "/retrain", `{"first":1}`},
		{400, "behind the end", "POST", "/retrain", `{"last":1}{}`},
		{413, "1024", "POST", "/retrain", `{"last":` + strings.Repeat(" ", maxJSON) + `1}`},
		{400, "0 classes", "POST", "/retrain", `{"last":1}`},
		{400, "JSON", "POST", "/step", "null null"},
		{400, "0 classes", "POST", "/step", `{"last":1}`},
		{409, "no training", "POST", "/stop", ""},
	} {
		r.refused(t, q.status, q.say, q.method, q.path, q.body)
	}
	for _, name := range []string{"a", "b"} {
		r.get(t, "POST", "/samples?class="+name, good, new(stateAnswer))
	}
	for _, last := range []string{"0", "-1", "3", "1000000"} {
		r.refused(t, 400, "last: found "+last, "POST", "/retrain", `{"last":`+last+`}`)
		r.refused(t, 400, "last: found "+last, "POST", "/step", `{"last":`+last+`}`)
	}
	var after stateAnswer
	r.get(t, "GET", "/state", "", &after)
	if after.Taught || after.Training || len(after.Samples) != 2 || r.said.Len() > 0 {
		t.Errorf("found %+v and in the log %q after all that was refused", after, r.said)
	}
}

func TestLimits(t *testing.T) {
	r := serve(t)
	drawing := shape(t, 3, 0)
	for range maxDrawings {
		r.get(t, "POST", "/samples?class=a", drawing, new(stateAnswer))
	}
	r.refused(t, 400, "30 drawings", "POST", "/samples?class=a", drawing)
	for i := range maxClasses - 1 {
		r.get(t, "POST", "/samples?class=class"+string(rune('a'+i)), drawing, new(stateAnswer))
	}
	r.refused(t, 400, "20 classes", "POST", "/samples?class=more", drawing)
	var s stateAnswer
	r.get(t, "DELETE", "/samples?class=a&what=latest", "", &s)
	if s.Samples[0].Count != maxDrawings-1 || len(s.Samples[0].Pixels) != 784*(maxDrawings-1) {
		t.Errorf("found %d drawings after one was undone", s.Samples[0].Count)
	}
	r.get(t, "DELETE", "/samples?class=a&what=all", "", &s)
	r.get(t, "DELETE", "/samples?class=classa&what=latest", "", &s)
	if len(s.Samples) != maxClasses-2 {
		t.Errorf("found %d classes, expected the removed one and the one without a drawing gone", len(s.Samples))
	}
}

// TestNamesInOtherForms teaches one class under the two forms of its name, and
// one whose name has a joiner.
func TestNamesInOtherForms(t *testing.T) {
	r := serve(t)
	drawing := shape(t, 3, 0)
	for _, name := range []string{"cafe\u0301", "café", " café ", "👩\u200d🔬", "New\u00a0York"} {
		r.get(t, "POST", "/samples?class="+url.QueryEscape(name), drawing, new(stateAnswer))
	}
	var s stateAnswer
	r.get(t, "GET", "/state", "", &s)
	var names []string
	for _, c := range s.Samples {
		names = append(names, fmt.Sprintf("%s %d", c.Name, c.Count))
	}
	if want := []string{"café 3", "👩\u200d🔬 1", "New\u00a0York 1"}; !slices.Equal(names, want) {
		t.Errorf("found the classes %q, expected %q", names, want)
	}
}
