package command

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

var madeRows = flag.Int("rows", 40_000, "how many rows of 512 features TestRetrainMapped trains on")

// TestRetrainMapped retrains on feature files by steps and by lbfgs. However many rows
// they have, they stay in the files: what the process has in memory of its own is small.
func TestRetrainMapped(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	writeRows(t, *madeRows)
	for _, args := range [][]string{
		{"--epochs", "2"},
		{"--solver", "lbfgs", "--weight-decay", "1e-4"},
	} {
		args = append([]string{"retrain", "--quiet", "--json", "--from", "net.safetensors", "--features", "part-*.features"}, args...)
		start := time.Now()
		line, anon := watchMemory(t, args)
		t.Logf("%v: %d rows in %.1f s, RssAnon at most %d MiB\n%s", args[7:], *madeRows, time.Since(start).Seconds(), anon>>20, line)
		if bound := min(512<<20, int64(64<<20+*madeRows*400)); anon > bound {
			t.Errorf("%v: found RssAnon of %d bytes, expected at most %d; the features are %d", args[7:], anon, bound, *madeRows*madeFeatures*4)
		}
	}
}

// TestTruncatedWhileTraining truncates files of features while a training reads them.
// It ends with an error that names the file, and writes nothing.
func TestTruncatedWhileTraining(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	for _, test := range []struct{ reason, program, args, file string }{
		{"feature files, by steps", "lastlayer", "retrain --from net.safetensors --features part-*.features --epochs 100000", "part-2.features"},
		{"feature files, by lbfgs", "lastlayer", "retrain --from net.safetensors --features part-*.features --solver lbfgs --iterations 100000", "part-3.features"},
		{"a feature cache", "mnist", "retrain --from " + pretrained() + " --last 1 --data sample --cache-dir cache --cache-memory 1 --epochs 100000", "cache/*.features"},
	} {
		writeRows(t, 4000)
		cmd := programOf(t, test.program, append(strings.Fields(test.args), "--quiet", "--json", "--out", "out.safetensors")...)
		lines, stderr := started(t, cmd)
		if !lines.Scan() {
			t.Errorf("%s: found no line: %s", test.reason, stderr)
		}
		found, err := filepath.Glob(test.file)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: found no file %s, %v", test.reason, test.file, err)
		}
		if err := os.Truncate(found[0], 5000); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
		}
		err = cmd.Wait()
		if cmd.ProcessState.ExitCode() != exitFailed || strings.Count(stderr.String(), "\n") != 1 || !strings.Contains(stderr.String(), found[0]+": truncated") {
			t.Errorf("%s: found %v and %q, expected exit status 1 and one line that names %s", test.reason, err, stderr, found[0])
		}
		if _, err := os.Stat("out.safetensors"); err == nil {
			t.Errorf("%s: found a network written", test.reason)
		}
	}
}

// madeFeatures is the number of features of a row that writeRows writes.
const madeFeatures = 512

// writeRows writes a network, net.safetensors, and rows of features of it.
func writeRows(t *testing.T, rows int) {
	t.Helper()
	spec := model.Spec{Input: []int{3, 8, 8}, Layers: []model.Layer{
		{Name: "conv", Kind: model.Conv{Out: madeFeatures, Kernel: model.Sides{3}, Stride: model.Sides{2}}},
		{Name: "pool", Kind: model.GlobalAveragePool{}},
		{Name: "flat", Kind: model.Flatten{}},
		{Name: "fc", Kind: model.Dense{Out: 2}},
	}}
	n := smallnet.Of(spec, smallnet.Init(t, spec))
	n.Classes = []string{"x", "y"}
	var err error
	if n.Prep, err = dataset.Preset("torchvision", spec.Input); err != nil {
		t.Fatal(err)
	}
	if err := weightfile.Write("net.safetensors", n); err != nil {
		t.Fatal(err)
	}
	makeRows(t, n, rows, madeFeatures, 10)
}

// makeRows writes part-1.features to part-4.features, of classes that overlap.
func makeRows(t *testing.T, n *model.Network, rows, features, classes int) {
	t.Helper()
	trunk, err := feature.NewTrunk(n, model.Last(1))
	if err != nil {
		t.Fatal(err)
	}
	defer trunk.Close()
	origin, err := trunk.Origin()
	if err != nil {
		t.Fatal(err)
	}
	h := feature.Header{Origin: origin, Shard: feature.Shard{Of: 4}}
	for c := range classes {
		h.Classes = append(h.Classes, strconv.Itoa(c))
	}
	path := func(i int) string { return fmt.Sprintf("%d/%07d.jpg", i%classes, i) }
	for i := range rows {
		h.Listing.Add(path(i))
	}
	means := make([]float32, classes*features)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range means {
		means[i] = float32(rng.NormFloat64()) / 8
	}
	values := make([]float32, features)
	for h.Shard.Index = 1; h.Shard.Index <= h.Shard.Of; h.Shard.Index++ {
		err := feature.WriteFile(fmt.Sprintf("part-%d.features", h.Shard.Index), h, func(w *feature.Writer) error {
			for i := range rows {
				if !h.Shard.Holds(path(i)) {
					continue
				}
				rng := rand.New(rand.NewPCG(uint64(i), 3))
				for j := range values {
					values[j] = max(0, means[i%classes*features+j]+float32(rng.NormFloat64()))
				}
				row := feature.Row{Path: path(i), Label: i % classes, Values: values}
				rng2 := rng.Uint64()
				for k := range 8 {
					row.Sum[k] = byte(rng2 >> (8 * k))
				}
				if err := w.Append(row); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// watchMemory runs the program and returns the last line that it prints, and the
// largest RssAnon that it had.
func watchMemory(t *testing.T, args []string) (last string, anon int64) {
	t.Helper()
	cmd := programOf(t, "lastlayer", args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v: %v: %s", args, err, &stderr)
			}
			lines := bytes.Split(bytes.TrimSpace(stdout.Bytes()), []byte("\n"))
			return string(lines[len(lines)-1]), anon
		case <-time.After(10 * time.Millisecond):
			status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(cmd.Process.Pid), "status"))
			if err != nil {
				continue // it has just ended
			}
			if _, after, found := bytes.Cut(status, []byte("RssAnon:")); found {
				var kib int64
				if _, err := fmt.Sscan(string(after), &kib); err == nil {
					anon = max(anon, kib<<10)
				}
			}
		}
	}
}
