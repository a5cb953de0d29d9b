package dataset

import (
	"encoding/json"
	"math"
	"testing"
)

func TestPreprocessingTable(t *testing.T) {
	table := MNISTPreprocessing().table(0)
	// The figures that PyTorch's Normalize((0.1307,), (0.3081,)) gives for black and white.
	for v, want := range map[int]float64{0: -0.42421296, 255: 2.8214867} {
		if got := float64(table[v]); math.Abs(got-want) > 1e-6 {
			t.Errorf("byte %d: found %v, expected %v", v, got, want)
		}
	}
}

func TestPreprocessingValidate(t *testing.T) {
	check(t, MNISTPreprocessing().Validate())
	for _, c := range []struct {
		field string
		spoil func(*Preprocessing)
	}{
		{"scale", func(p *Preprocessing) { p.Scale = 0 }},
		{"scale", func(p *Preprocessing) { p.Scale = math.NaN() }},
		{"scale", func(p *Preprocessing) { p.Scale = math.Inf(1) }},
		{"mean", func(p *Preprocessing) { p.Mean = math.Inf(-1) }},
		{"std", func(p *Preprocessing) { p.Std = 0 }},
		{"std", func(p *Preprocessing) { p.Std = -1 }},
		{"std", func(p *Preprocessing) { p.Std = math.NaN() }},
		{"polarity", func(p *Preprocessing) { p.Polarity = "" }},
	} {
		p := MNISTPreprocessing()
		c.spoil(&p)
		wantErr(t, p.Validate(), ErrArgument, c.field, "found", "expected")
	}
}

func TestPreprocessingJSON(t *testing.T) {
	text, err := json.Marshal(MNISTPreprocessing())
	check(t, err)
	const want = `{"scale":0.00392156862745098,"mean":0.1307,"std":0.3081,"polarity":"light-on-dark"}`
	if string(text) != want {
		t.Errorf("found %s, expected %s", text, want)
	}
	var back Preprocessing
	check(t, json.Unmarshal(text, &back))
	if back != MNISTPreprocessing() {
		t.Errorf("found %v after marshalling and back", back)
	}
}
