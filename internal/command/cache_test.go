package command

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// retrainSmall returns a command line that retrains the dense layers on 40
// images: 500 KB of features, and 1.3 MB for the 100 test images.
func retrainSmall(more ...string) []string {
	return withSmall("retrain", append([]string{"--from", pretrained(), "--last", "2", "--json"}, more...)...)
}

// TestCache makes sure that features in memory, mapped, kept and found make the
// same network, and that the last line says where they came from.
func TestCache(t *testing.T) {
	from := pretrained()
	t.Chdir(t.TempDir())
	var want map[string]any
	var network []byte
	for _, test := range []struct {
		features string
		more     []string
	}{
		{"memory", nil},
		{"memory", []string{"--cache-memory", "0"}},
		{"mapped", []string{"--cache-memory", "100KiB"}},
		{"memory", []string{"--cache-memory", "1GB", "--cache-dir", "a/b"}},
		{"disk", []string{"--cache-dir", "a/b"}},
		{"disk", []string{"--cache-dir", "a/b", "--cache-memory", "1"}},
		{"mapped", []string{"--cache-dir", "c", "--cache-memory", "1"}},
	} {
		done := ok(t, retrainSmall(append(test.more, "--out", "out")...)...).last(t)
		retrainKinds.check(t, done)
		if want == nil {
			want, network = done, readFile(t, "out")
		}
		if done["features"] != test.features {
			t.Errorf("%v: found features from %v, expected %s", test.more, done["features"], test.features)
		}
		if done["loss"] != want["loss"] || done["correct"] != want["correct"] || !bytes.Equal(readFile(t, "out"), network) {
			t.Errorf("%v: found %v, or another network; expected %v", test.more, done, want)
		}
	}
	if a, c := files(t, "a/b"), files(t, "c"); a != c || len(strings.Fields(a)) != 2 {
		t.Errorf("found the files %q and %q, expected the same for training and for test images", a, c)
	}
	for _, more := range [][]string{{"--no-cache"}, {"--last", "4"}} {
		if done := ok(t, retrainSmall(append(more, "--out", "out")...)...).last(t); done["features"] != nil {
			t.Errorf("%v: found features from %v, expected none", more, done["features"])
		}
	}
	if r := ok(t, retrainSmall("--last", "4", "--cache-dir", "d", "--out", "out")...); strings.Count(r.err, "cache folder d: nothing to keep there") != 1 {
		t.Errorf("found %q on standard error, expected a word on the folder without use", r.err)
	}
	if found := files(t, "."); found != "a c out" {
		t.Errorf("found %q, with %s made elsewhere", found, from)
	}
}

// TestCacheDamaged makes sure that a damaged file is told of and made anew.
func TestCacheDamaged(t *testing.T) {
	pretrained()
	t.Chdir(t.TempDir())
	first := ok(t, retrainSmall("--cache-dir", "c", "--out", "a")...).last(t)
	for _, name := range strings.Fields(files(t, "c")) {
		path := filepath.Join("c", name)
		content := readFile(t, path)
		content[len(content)/2]++
		writeFile(t, path, content)
	}
	r := ok(t, retrainSmall("--cache-dir", "c", "--out", "b")...)
	if strings.Count(r.err, "recomputed: damaged") != 2 {
		t.Errorf("found %q on standard error, expected two damaged files", r.err)
	}
	if r.last(t)["features"] != "memory" || r.last(t)["loss"] != first["loss"] || !bytes.Equal(readFile(t, "a"), readFile(t, "b")) {
		t.Errorf("found %v, expected recomputed features and the same network", r.last(t))
	}
	if r := ok(t, retrainSmall("--cache-dir", "c", "--out", "b")...); r.last(t)["features"] != "disk" || strings.Contains(r.err, "anew") {
		t.Errorf("found %v after %q, expected the repaired files", r.last(t), r.err)
	}
}

// TestCacheOfTwoPrograms runs programs on one folder at the same time.
func TestCacheOfTwoPrograms(t *testing.T) {
	pretrained()
	t.Chdir(t.TempDir())
	outs := []string{"a", "b", "c"}
	var stderr [3]bytes.Buffer
	var wait [3]func() error
	for i, out := range outs {
		cmd := program(t, retrainSmall("--cache-dir", "cache", "--quiet", "--out", out)...)
		cmd.Stderr = &stderr[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		wait[i] = cmd.Wait
	}
	for i := range outs {
		if err := wait[i](); err != nil || stderr[i].Len() > 0 {
			t.Errorf("program %d: %v, %s", i, err, stderr[i].String())
		}
	}
	for _, out := range outs[1:] {
		if !bytes.Equal(readFile(t, out), readFile(t, "a")) {
			t.Errorf("programs on one cache folder made different networks, %s and a", out)
		}
	}
	if found := files(t, "cache"); len(strings.Fields(found)) != 2 {
		t.Errorf("found the files %q, expected two", found)
	}
}

func TestCacheUsage(t *testing.T) {
	for word, more := range map[string][]string{
		`found "much", expected a size, as 512MiB`: {"--cache-memory", "much"},
		`found "-1", expected a size`:              {"--cache-memory", "-1"},
		`found "16EB", expected a size`:            {"--cache-memory", "16EB"},
		"found no folder name":                     {"--cache-dir", ""},
		"[cache-dir no-cache]":                     {"--cache-dir", "x", "--no-cache"},
		"[cache-memory no-cache]":                  {"--cache-memory", "1GB", "--no-cache"},
	} {
		mnist(t, retrainSmall(more...)...).refused(t, exitUsage, word)
	}
}
