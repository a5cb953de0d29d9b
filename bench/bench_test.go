package main

import (
	"encoding/json"
	"encoding/xml"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestMedianAndRatio(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{5, 1, 3}, 3}, {[]float64{4, 1, 3, 2}, 2.5}, {nil, math.NaN()}} {
		before := slices.Clone(c.values)
		if got := median(c.values); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("median of %v: found %v, expected %v", c.values, got, c.want)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("median changed its input to %v", c.values)
		}
	}
	if got := ratio([]float64{1, 2, 9}, []float64{4, 4, 5}); got != 0.5 {
		t.Errorf("ratio: found %v, expected 0.5", got)
	}
	if got := spread([]float64{1, 2, 3}); got != 1 {
		t.Errorf("spread: found %v, expected 1", got)
	}
	for _, got := range []float64{ratio(nil, []float64{1}), ratio([]float64{1}, nil), ratio([]float64{1}, []float64{0}), spread(nil)} {
		if !math.IsNaN(got) {
			t.Errorf("found %v of nothing, expected NaN", got)
		}
	}
}

func TestShow(t *testing.T) {
	for _, c := range []struct {
		v          float64
		unit, want string
	}{
		{12.345, "s", "12.3 s"}, {123.4, "s", "123 s"}, {0.04567, "s", "45.7 ms"}, {0.000433, "s", "433 µs"}, {0.9999, "s", "1.00 s"},
		{12600, "B", "12.6 kB"}, {1.73e8, "B", "173 MB"}, {2.5e9, "B", "2.50 GB"}, {1.396, "×", "1.40 ×"},
	} {
		if got := show(c.v, c.unit); got != c.want {
			t.Errorf("%v: found %q, expected %q", c.v, got, c.want)
		}
	}
	for r, want := range map[float64]string{0.1444: "0.144", 0.000063: "0.000063", 1.2345: "1.234", 0: "0.000"} {
		if got := showRatio(r); got != want {
			t.Errorf("ratio %v: found %q, expected %q", r, got, want)
		}
	}
}

// TestTargets checks that the rows match the agreed targets: each with its limit, in
// order.
func TestTargets(t *testing.T) {
	want := []struct {
		work, peer string
		target     float64
	}{
		{"epoch, whole network", "PyTorch", 0.7}, {"--no-cache", "requires_grad=False", 0.6},
		{"retrain --last 2", "requires_grad=False", 0.4}, {"retrain --last 1", "requires_grad=False", 0.15},
		{"retrain --last 2", "hand-cached", 0.6}, {"retrain --last 1", "hand-cached", 0.6},
		{"retrain --last 2", "put-the-old-weights-back", 0.4}, {"retrain --last 1", "put-the-old-weights-back", 0.12},
		{"inference over the 10,000", "no_grad", 0.7}, {"one image", "PyTorch", 0.8}, {"one image", "onnxruntime-node", 1},
		{"--train 'layer4*'", "PyTorch", 0.6}, {"nothing installed", "stock Gorgonia", 0.2},
		{"gemm", "oneDNN or OpenBLAS", 1.4}, {"peak memory", "PyTorch", 0.5}, {"allocation", "stock Gorgonia", 0.02},
	}
	for i, w := range want {
		r := rows[i]
		if !strings.Contains(r.Work, w.work) || !strings.Contains(r.Peer, w.peer) || r.Target != w.target {
			t.Errorf("row %d: found %q against %q at %v, expected %v", i, r.Work, r.Peer, r.Target, w)
		}
	}
	for _, r := range questionRows[len(want):] {
		if r.Target != 0 {
			t.Errorf("%s: found a target of %v, expected none", r.Key, r.Target)
		}
	}
}

// TestCommands checks that every row's commands exist, quick or not, that no two write
// the same file, and that the peer's commands run with its best settings.
func TestCommands(t *testing.T) {
	keys := map[string]bool{}
	for _, r := range rows {
		if keys[r.Key] {
			t.Errorf("two rows called %q", r.Key)
		}
		keys[r.Key] = true
	}
	for _, s := range []sizes{fullSizes, quickSizes} {
		all, files := s.commands(), map[string]string{}
		for _, name := range needed(rows) {
			c, ok := all[name]
			if !ok {
				t.Errorf("found no command %q", name)
				continue
			}
			delete(all, name)
			if c.out != "" && files[c.out] != "" {
				t.Errorf("%s and %s both write %s", name, files[c.out], c.out)
			}
			files[c.out] = name
			if c.torch != strings.Contains(c.String(), "$PYTHON") || strings.HasPrefix(name, "peer") && c.args[1] != "$BEST" {
				t.Errorf("%s: found %s", name, c)
			}
			if strings.Contains(c.String(), "/home") || strings.Contains(c.String(), "/root") || filepath.IsAbs(c.args[0]) {
				t.Errorf("%s: found a path of one machine in %s", name, c)
			}
		}
		for name := range all {
			t.Errorf("%s: no row needs it", name)
		}
	}
}

func TestExpand(t *testing.T) {
	got := expand([]string{"env", "$BEST", "$PYTHON", "x$y", "$MNIST"}, map[string]string{"BEST": "-u A B=1", "PYTHON": "py", "MNIST": "/with blank"})
	if want := []string{"env", "-u", "A", "B=1", "py", "x$y", "/with blank"}; !slices.Equal(got, want) {
		t.Errorf("found %q, expected %q", got, want)
	}
}

func TestParse(t *testing.T) {
	o, err := parseJSON("{\"epoch\":1,\"seconds\":2}\n{\"epoch\":2,\"seconds\":4}\n{\"done\":true,\"seconds\":9,\"blas\":\"go\"}\n")
	if err != nil || o.numbers["epoch_seconds"] != 3 || o.numbers["seconds"] != 9 || o.line["blas"] != "go" {
		t.Errorf("found %v, %v", o, err)
	}
	table := "peak 1\n| shape | m×n×k | go | oneDNN | time/best |\n|---|---|--:|--:|--:|\n| a | 1×1×1 | 1 | 2 | 2.00 |\n| b | 1×1×1 | 1 | 1 | 1.00 |\n| square 9 | 9 | 1 | 9 | 9.00 |\n"
	o, err = parseGemm(table)
	if err != nil || o.numbers["worst"] != 2 || o.numbers["median"] != 1.5 || o.line["worst_shape"] != "a" {
		t.Errorf("found %v, %v", o, err)
	}
	for _, text := range []string{"", "nonsense", strings.ReplaceAll(table, "oneDNN", "gonum")} {
		if _, err := parseGemm(text); err == nil {
			t.Errorf("gemm %q: found no error", text)
		}
	}
	for _, text := range []string{"", "nonsense\n"} {
		if _, err := parseJSON(text); err == nil {
			t.Errorf("JSON %q: found no error", text)
		}
	}
}

// measured returns a bench with invented figures for all rows but the last target's.
func measured(t *testing.T) *bench {
	t.Helper()
	b, err := newBench("", false)
	if err != nil {
		t.Fatal(err)
	}
	b.machine, b.done = map[string]string{"system": "none"}, 2
	for _, r := range b.rows {
		for i, s := range []source{r.ours, r.theirs} {
			if s.command == "" || s.command == "stock step" {
				continue
			}
			for round := range b.done {
				for len(b.outcomes[s.command]) <= round {
					b.outcomes[s.command] = append(b.outcomes[s.command], outcome{numbers: map[string]float64{}})
				}
				b.outcomes[s.command][round].numbers[s.field] = float64(1+i) * (1 + float64(round)/10)
			}
		}
	}
	b.failed["stock step"] = "no such luck"
	return b
}

func TestResultFiles(t *testing.T) {
	folder := t.TempDir()
	res := measured(t).summarise()
	if err := res.write(folder); err != nil {
		t.Fatal(err)
	}
	if err := res.publish(folder); err != nil {
		t.Fatal(err)
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var back results
	if err := json.Unmarshal(read("results.json"), &back); err != nil || len(back.Rows) != len(rows) || *back.Rows[0].Ratio != 0.5 || !*back.Rows[0].Met {
		t.Errorf("results.json: found %d rows, %v", len(back.Rows), err)
	}
	var svg struct {
		Width string `xml:"width,attr"`
	}
	if err := xml.Unmarshal(read("results.svg"), &svg); err != nil || svg.Width == "" {
		t.Errorf("results.svg: found %v, %v", svg, err)
	}
	text := string(read("results.md"))
	if !strings.HasSuffix(string(read("RESULTS.md")), text) {
		t.Error("RESULTS.md does not hold results.md")
	}
	for _, r := range rows {
		pattern := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(escape(r.Work)) + ` \| ` + regexp.QuoteMeta(r.Peer) + ` \|(.*\|){5}$`)
		line := pattern.FindString(text)
		if line == "" || strings.Count(line, "|") != 8 {
			t.Errorf("%s: found the line %q, expected seven cells", r.Key, line)
		}
		if strings.HasPrefix(r.theirs.command, "stock") != strings.Contains(line, "not measured: no such luck") {
			t.Errorf("%s: found %q", r.Key, line)
		}
	}
	for _, c := range []string{"`env $BEST $PYTHON bench/peer.py train --data $MNIST`", "| 0.500 | 0.7 | yes |", "| **no** |"} {
		if !strings.Contains(text, c) {
			t.Errorf("results.md: found no %s", c)
		}
	}
}
