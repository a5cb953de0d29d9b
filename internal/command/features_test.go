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
