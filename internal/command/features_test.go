package command

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
)

// TestFeaturesOfPhotos writes the features of photos with the names of their files.
func TestFeaturesOfPhotos(t *testing.T) {
	network, signs := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx"), peer.Data(t, "photos/signs")
	t.Chdir(t.TempDir())
	writeFile(t, "photos/train/three/-a.jpg", readFile(t, signs+"/train/3/"+strings.Fields(files(t, signs+"/train/3"))[0]))
	writeFile(t, "photos/train/five/b c.jpg", readFile(t, signs+"/train/5/"+strings.Fields(files(t, signs+"/train/5"))[0]))
	writeFile(t, "photos/test/five/d.jpg", readFile(t, signs+"/test/5/"+strings.Fields(files(t, signs+"/test/5"))[0]))
	from := []string{"features", "--model", network, "--prepare", "tf", "--data", "photos", "--json"}
	done := lastlayer(t, append(from, "--out", "f.csv")...).last(t)
	kinds{"done": yes, "out": text, "images": count, "features": count, "seconds": number, "peak_rss_bytes": count}.check(t, done)
	lines := strings.Split(string(readFile(t, "f.csv")), "\n")
	if done["features"] != 256.0 || done["images"] != 3.0 || len(lines) != 5 || strings.Count(lines[0], ",") != 258 {
		t.Fatalf("found %v, and a table of %d lines that begins %q", done, len(lines), lines[0])
	}
	for i, want := range []string{"train,photos/train/five/b c.jpg,five,", "train,photos/train/three/-a.jpg,three,", "test,photos/test/five/d.jpg,five,"} {
		if !strings.HasPrefix(lines[1+i], want) {
			t.Errorf("found %.60q, expected it to begin with %q", lines[1+i], want)
		}
	}
	for _, wrong := range [][]string{{"--out", "f.txt"}, {"--features-from", "nowhere"}} {
		if r := lastlayer(t, append(from, wrong...)...); r.status != exitUsage || !strings.Contains(r.err, wrong[0]) {
			t.Errorf("%s: found status %d: %s", r.args, r.status, r.err)
		}
	}
	if found := files(t, "."); found != "f.csv photos" {
		t.Errorf("found the files %s", found)
	}
}

// TestFeatureFiles refuses what does not go with feature files, before any work.
func TestFeatureFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "none.features", []byte("none"))
	features := []string{"features", "--model", pretrained(), "--data", "photos"}
	retrain := []string{"retrain", "--from", pretrained(), "--features", "none.features"}
	for _, test := range []struct {
		args   []string
		status int
		says   string
	}{
		{append(features, "--shard", "5/4", "--out", "x.features"), exitUsage, "--shard: found"},
		{append(features, "--shard", "1/4"), exitUsage, "ends in .features"},
		{append(features, "--out", "x.features", "--classes", "0-1"), exitUsage, "--classes"},
		{append(features, "--shard", "1/4", "--out", "x.features"), exitFailed, "photos"},
		{append(retrain, "--data", "photos"), exitUsage, "[data features]"},
		{append(retrain, "--augment", "flip"), exitUsage, "[augment features]"},
		{append(retrain, "--solver", "magic"), exitUsage, "--solver"},
		{retrain, exitFailed, "none.features: found something else than a feature file"},
		{append(retrain[:4:4], "nowhere-*"), exitFailed, "nowhere-*: found no such file"},
	} {
		if r := lastlayer(t, test.args...); r.status != test.status || !strings.Contains(r.err, test.says) {
			t.Errorf("%s: found status %d: %s, expected %d and %q", r.args, r.status, r.err, test.status, test.says)
		}
	}
	if found := files(t, "."); found != "none.features" {
		t.Errorf("found the files %s", found)
	}
}
