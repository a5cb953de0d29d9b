package beam

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	goimage "image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/memfs"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

func must(t testing.TB, err error) {
	t.Helper()
	smallnet.Must(t, err)
}

// smallNetwork writes a small photo network.
func smallNetwork(t testing.TB) string {
	spec := model.Spec{Input: []int{3, 16, 16}, Layers: []model.Layer{
		{Name: "conv", Kind: model.Conv{Out: 4, Kernel: model.Sides{3}, Stride: model.Sides{2}}},
		{Name: "fc", Kind: model.Dense{Out: 2}},
	}}
	n := smallnet.Of(spec, smallnet.Init(t, spec))
	n.Classes = []string{"cat", "dog"}
	var err error
	n.Prep, err = dataset.Preset("torchvision", spec.Input)
	must(t, err)
	file := filepath.Join(t.TempDir(), "small.safetensors")
	must(t, weightfile.Write(file, n))
	return file
}

// photo returns a small JPEG, different for each n.
func photo(t testing.TB, n int) []byte {
	img := goimage.NewRGBA(goimage.Rect(0, 0, 40, 30))
	for i := range 40 * 30 {
		img.Set(i%40, i/40, color.RGBA{uint8(i * (n + 3)), uint8(n * 7), uint8(i / 5), 255})
	}
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, img, nil))
	return b.Bytes()
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, content, 0o644))
}

// hostile are file names that break careless code.
var hostile = []string{"line\nbreak.jpg", "quo\"te', comma.jpg", "-dash.jpg", "tab\t.jpg", "\u202eltr.jpg", "日本 é.jpg", " space .jpg", "%20#?.jpg", "{a}.jpg",
	"upper.JPG", "none", strings.Repeat("long", 60) + ".jpg"}

// photoFolder returns a folder with photos of two classes, including unusual names and
// some files that are not images.
func photoFolder(t testing.TB) (dir string, good int) {
	dir = t.TempDir()
	for i := range 90 {
		write(t, filepath.Join(dir, []string{"cat", "dog"}[i%2], "photo-"+strconv.Itoa(i)+".jpg"), photo(t, i))
	}
	for i, name := range hostile {
		write(t, filepath.Join(dir, []string{"cat", "dog"}[i%2], name), photo(t, 100+i))
	}
	write(t, filepath.Join(dir, "cat", "half.jpg"), photo(t, 1)[:300])
	write(t, filepath.Join(dir, "cat", "empty.png"), nil)
	write(t, filepath.Join(dir, "dog", "text.jpg"), []byte("no photo"))
	write(t, filepath.Join(dir, "dog", ".hidden.jpg"), photo(t, 2))
	return dir, 90 + len(hostile)
}

// run runs a job on Prism and returns its counts.
func run(t testing.TB, add func(context.Context, beam.Scope) error) (images, bad int64) {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	must(t, add(t.Context(), s))
	i, b := done.Load(), failed.Load()
	_, err := beamx.RunWithMetrics(t.Context(), p)
	must(t, err)
	return done.Load() - i, failed.Load() - b
}

// fails runs a job on Prism that must fail with such an error.
func fails(t testing.TB, add func(context.Context, beam.Scope) error, says string) {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	must(t, add(t.Context(), s))
	if err := beamx.Run(t.Context(), p); err == nil || !strings.Contains(err.Error(), says) {
		t.Errorf("found the error %v, expected one with %s", err, says)
	}
}

// badIn returns the images in a file of bad ones, by path.
func badIn(t testing.TB, file string) map[string]string {
	t.Helper()
	fs, err := filesystem.New(t.Context(), file)
	must(t, err)
	content, err := filesystem.Read(t.Context(), fs, file)
	must(t, err)
	found := map[string]string{}
	for text := range strings.Lines(string(content)) {
		var b struct{ Path, Error string }
		must(t, json.Unmarshal([]byte(text), &b))
		if found[b.Path] != "" {
			t.Errorf("found %s twice", b.Path)
		}
		found[b.Path] = b.Error
	}
	return found
}

// shards returns the names of a job's output files.
func shards(j Job) (names []string) {
	for i := range j.Shards {
		names = append(names, ShardName(j.Out, i+1, j.Shards))
	}
	return names
}

// The files are identical to those the library writes on one machine: paths, labels,
// vectors and order.
func TestFeaturesAreTheLibrarys(t *testing.T) {
	dir, good := photoFolder(t)
	j := Job{Images: []string{dir + "/*/*"}, Network: Network{File: smallNetwork(t)}, Out: filepath.Join(t.TempDir(), "some.features"), Shards: 4}
	images, bad := run(t, j.Features)
	if images != int64(good) || bad != 3 {
		t.Errorf("found %d images and %d bad ones counted, expected %d and 3", images, bad, good)
	}
	isLibrarys(t, j, dir)
	found := badIn(t, j.BadFile())
	for _, name := range []string{"cat/half.jpg", "cat/empty.png", "dog/text.jpg"} {
		if found[filepath.Join(dir, name)] == "" {
			t.Errorf("found no error for %s among %v", name, found)
		}
	}
	if len(found) != 3 {
		t.Errorf("found the bad images %v, expected 3", found)
	}
}

// Predictions match the library's, for images and output files in memory, and each
// appears once.
func TestPredictionsAreTheLibrarys(t *testing.T) {
	dir, good := photoFolder(t)
	network := smallNetwork(t)
	n, err := weightfile.Read(network)
	must(t, err)
	p, err := train.NewPredictor(n, 1)
	must(t, err)
	defer p.Close()
	want := map[string]train.Prediction{}
	must(t, filepath.WalkDir(dir, func(file string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			return err
		}
		content, err := os.ReadFile(file)
		must(t, err)
		rel, err := filepath.Rel(dir, file)
		must(t, err)
		in := "memfs://" + t.Name() + "/" + filepath.ToSlash(rel)
		memfs.Write(in, content)
		if img, err := dataset.DecodeImage(bytes.NewReader(content), file); err == nil {
			want[in], err = p.Image(img)
			must(t, err)
		}
		return nil
	}))
	content, err := os.ReadFile(network)
	must(t, err)
	memfs.Write("memfs://net/small.safetensors", content)
	j := Job{Images: []string{"memfs://" + t.Name() + "/*/*"}, Network: Network{File: "memfs://net/small.safetensors"}, Out: "memfs://out/answers.jsonl", Shards: 3}
	if images, bad := run(t, j.Predict); images != int64(good) || bad != 3 {
		t.Errorf("found %d images and %d bad ones counted, expected %d and 3", images, bad, good)
	}
	type answer struct {
		Path, Label string
		Probability float64
	}
	found := map[string]answer{}
	fs := memfs.New(t.Context())
	for _, name := range shards(j) {
		text, err := filesystem.Read(t.Context(), fs, name)
		must(t, err)
		for line := range strings.Lines(string(text)) {
			var a answer
			must(t, json.Unmarshal([]byte(line), &a))
			if _, twice := found[a.Path]; twice {
				t.Errorf("found %s twice", a.Path)
			}
			found[a.Path] = a
		}
	}
	for path, q := range want {
		if a := found[path]; a.Label != q.Label || a.Probability != q.Probability {
			t.Errorf("%q: found %v, expected %v", path, a, q)
		}
	}
	if len(found) != good || len(badIn(t, j.BadFile())) != 3 {
		t.Errorf("found %d answers and the bad images %v, expected %d and 3", len(found), badIn(t, j.BadFile()), good)
	}
	j.Out, j.Shards = filepath.Join(t.TempDir(), "answers.csv"), 1
	run(t, j.Predict)
	table, err := os.Open(j.Out)
	must(t, err)
	defer table.Close()
	records, err := csv.NewReader(table).ReadAll()
	must(t, err)
	if len(records) != good+1 || !slices.Equal(records[0], []string{"path", "label", "probability"}) {
		t.Errorf("found %d records that begin with %v, expected %d", len(records), records[0], good+1)
	}
}

// A file whose name is not valid UTF-8 is reported as bad; all others have a result. A
// class that cannot be displayed is an error, as in the library.
func TestNamesThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"cat/1.jpg", "dog/2.jpg", "cat/\xff.jpg"} {
		write(t, filepath.Join(dir, name), photo(t, i))
	}
	j := Job{Images: []string{dir + "/*/*"}, Network: Network{File: smallNetwork(t)}, Out: filepath.Join(t.TempDir(), "some.features")}
	if images, bad := run(t, j.Features); images != 2 || bad != 1 {
		t.Errorf("found %d images and %d bad ones, expected 2 and 1", images, bad)
	}
	found := badIn(t, j.BadFile())
	if !strings.Contains(found[dir+`/cat/\xff.jpg`], "UTF-8") {
		t.Errorf("found the errors %q", found)
	}
	shards, err := feature.Open(j.Out)
	must(t, err)
	defer shards.Close()
	if shards.Len() != 2 || shards.Missing() != 1 {
		t.Errorf("found %d rows and %d missing, expected 2 and 1", shards.Len(), shards.Missing())
	}
	j.Out = filepath.Join(t.TempDir(), "all.jsonl")
	if images, bad := run(t, j.Predict); images != 3 || bad != 0 {
		t.Errorf("found %d images and %d bad ones predicted, expected 3 and none", images, bad)
	}
	write(t, filepath.Join(dir, "new\nline/3.jpg"), photo(t, 3))
	j.Out = filepath.Join(t.TempDir(), "all.features")
	fails(t, j.Features, `"new\nline"`)
}

// Photos of traffic signs, split by folders, with a real network.
func TestRealPhotos(t *testing.T) {
	dir := peer.Data(t, "photos/signs")
	file := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx")
	out := t.TempDir()
	j := Job{Images: []string{dir + "/train/[01]/*", dir + "/test/[01]/*"}, Network: Network{File: file, Preset: "tf"}, Out: filepath.Join(out, "signs.features"), Shards: 2}
	images, bad := run(t, j.Features)
	shards, err := feature.Open(filepath.Join(out, "signs-*.features"))
	must(t, err)
	defer shards.Close()
	if shards.Len() != int(images) || bad != 0 || !slices.Equal(shards.Header().Classes, []string{"0", "1"}) {
		t.Errorf("found %d rows of the classes %v, and %d bad ones, expected %d of 0 and 1", shards.Len(), shards.Header().Classes, bad, images)
	}
	for i := range shards.Len() {
		label, half := shards.Label(i)
		parts := strings.Split(shards.Path(i), "/")
		if len(parts) != 3 || shards.Header().Classes[label] != parts[1] || (half == dataset.TestHalf) != (parts[0] == "test") || half == dataset.Undecided {
			t.Fatalf("%s: found label %d in half %d", shards.Path(i), label, half)
		}
	}
}
