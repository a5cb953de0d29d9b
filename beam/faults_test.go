package beam

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/memfs"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// workerEnv is the endpoint of the Prism for which this test process is a worker; the
// other variables say what the worker does.
const (
	workerEnv = "LASTLAYER_TEST_PRISM"
	jobEnv    = "LASTLAYER_TEST_JOB"   // images, network and out, one per line
	stallEnv  = "LASTLAYER_TEST_STALL" // how many images it opens before it hangs
)

func TestMain(m *testing.M) {
	filesystem.Register("failing", func(context.Context) filesystem.Interface { return failing{memfs.New(context.Background())} })
	filesystem.Register("stalling", func(context.Context) filesystem.Interface { return stalling{local.New(context.Background())} })
	beam.Init()
	if endpoint := os.Getenv(workerEnv); endpoint != "" {
		os.Exit(work(endpoint))
	}
	os.Exit(inOwnFolder(m))
}

// inOwnFolder runs the tests and removes what Beam leaves in the folder for temporary files.
func inOwnFolder(m *testing.M) int {
	temp, err := os.MkdirTemp("", "lastlayer-test-")
	if err == nil {
		defer os.RemoveAll(temp)
		err = os.Setenv("TMPDIR", temp)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// work runs a job on an external Prism, with this process as its worker.
func work(endpoint string) int {
	*jobopts.Endpoint, *jobopts.EnvironmentType = endpoint, "loopback"
	part := strings.Split(os.Getenv(jobEnv), "\n")
	p, s := beam.NewPipelineWithRoot()
	err := Job{Images: part[:1], Network: Network{File: part[1]}, Out: part[2], Shards: 4}.Features(context.Background(), s)
	if err == nil {
		err = beamx.Run(context.Background(), p)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// failing is a memory file system. The variable failures says how many of the next
// writes fail.
type failing struct{ filesystem.Interface }

var failures, attempts atomic.Int64

func (f failing) OpenWrite(ctx context.Context, path string) (io.WriteCloser, error) {
	attempts.Add(1)
	if failures.Add(-1) >= 0 {
		return nil, errors.New("the disk is full")
	}
	return f.Interface.OpenWrite(ctx, path)
}

// stalling is the local file system. After a limited number of files, opening one
// hangs.
type stalling struct{ filesystem.Interface }

const stallingScheme = "stalling://"

var opened atomic.Int64

func (f stalling) List(ctx context.Context, glob string) ([]string, error) {
	found, err := f.Interface.List(ctx, strings.TrimPrefix(glob, stallingScheme))
	for i := range found {
		found[i] = stallingScheme + found[i]
	}
	return found, err
}

func (f stalling) OpenRead(ctx context.Context, path string) (io.ReadCloser, error) {
	if most, err := strconv.Atoi(os.Getenv(stallEnv)); err == nil && opened.Add(1) > int64(most) {
		fmt.Println("stalled")
		select {}
	}
	return f.Interface.OpenRead(ctx, strings.TrimPrefix(path, stallingScheme))
}

// isLibrarys compares the files of a job with those written by the library.
func isLibrarys(t *testing.T, j Job, dir string) {
	t.Helper()
	n, err := weightfile.Read(j.Network.File)
	must(t, err)
	trunk, err := feature.NewTrunk(n, model.Last(1))
	must(t, err)
	defer trunk.Close()
	fs, err := filesystem.New(t.Context(), j.Out)
	must(t, err)
	for i, name := range shards(j) {
		want := filepath.Join(t.TempDir(), "want.features")
		_, err := trunk.WriteShare(t.Context(), want, dir, feature.Shard{Index: i + 1, Of: j.Shards}, dataset.Options{Shape: n.Spec.Input, Prep: n.Prep, SkipBad: true})
		must(t, err)
		found, err := filesystem.Read(t.Context(), fs, name)
		must(t, err)
		content, err := os.ReadFile(want)
		must(t, err)
		if !slices.Equal(found, content) {
			t.Errorf("%s: found other bytes (%d) than the library's (%d)", name, len(found), len(content))
		}
	}
}

// Prism, as of Beam 2.77, does not retry bundles: the first failure ends the job. Files
// written before are complete, and running the same job again completes the result.
func TestBundlesFailOnPrism(t *testing.T) {
	dir, _ := photoFolder(t)
	j := Job{Images: []string{dir + "/*/*"}, Network: Network{File: smallNetwork(t)}, Out: "failing://some.features", Shards: 4}
	for fail := int64(2); fail >= 0; fail-- { // in each of the three runs the first fail writes fail
		attempts.Store(0)
		failures.Store(fail)
		p, s := beam.NewPipelineWithRoot()
		must(t, j.Features(t.Context(), s))
		err := beamx.Run(t.Context(), p)
		switch {
		case fail == 0:
			must(t, err)
		case err == nil:
			t.Errorf("found no error of a job whose bundle failed, after %d writes: Prism runs bundles again now, and so may this test", attempts.Load())
		case !strings.Contains(err.Error(), "the disk is full"):
			t.Errorf("found the error %v, expected the disk's", err)
		}
	}
	isLibrarys(t, j, dir)
}

// A runner that retries bundles, such as Flink or Dataflow, gives the images to the
// same or another DoFn and drops what the failed one emitted.
func TestBundlesRunAgain(t *testing.T) {
	dir, good := photoFolder(t)
	ctx := t.Context()
	root, images, err := list(ctx, []string{dir + "/*/*"})
	must(t, err)
	images, _, of, err := label(ctx, root, images)
	must(t, err)
	src := source{Network: Network{File: smallNetwork(t)}}
	f := &runFn{Source: src, Shards: 3}
	must(t, f.Setup(ctx))
	defer f.Teardown()
	var rows []row
	var wrong []bad
	emit := func(_ int, r row) { rows = append(rows, r) }
	var tallies []tally
	fail, count := func(b bad) { wrong = append(wrong, b) }, func(n tally) { tallies = append(tallies, n) }
	f.StartBundle(ctx, emit, fail, count)
	for _, i := range images[:70] { // more than a batch, then the bundle fails
		must(t, f.ProcessElement(ctx, i, emit, fail, count))
	}
	for range 2 {
		rows, wrong, tallies = nil, nil, nil
		f.StartBundle(ctx, emit, fail, count)
		for _, i := range images {
			must(t, f.ProcessElement(ctx, i, emit, fail, count))
		}
		must(t, f.FinishBundle(ctx, emit, fail, count))
		once := map[string]bool{}
		for _, r := range rows {
			once[r.Path] = true
		}
		if len(rows) != good || len(once) != good || len(wrong) != 3 || !slices.Equal(tallies, []tally{{good, model.Kernel()}}) {
			t.Fatalf("found %d rows of %d images and %d bad ones, expected %d and 3", len(rows), len(once), len(wrong), good)
		}
	}
	w := &writeFeaturesFn{Source: src, Output: output{Out: filepath.Join(t.TempDir(), "all.features"), Shards: 1}}
	must(t, w.Setup(ctx))
	write := func(shard int, rows []row, tallies []tally) error {
		return w.ProcessElement(ctx, shard, each(rows), nil, each(tallies), each([]int{len(wrong)}), of)
	}
	written := func() []byte {
		must(t, write(1, rows, tallies))
		content, err := os.ReadFile(w.Output.Out)
		must(t, err)
		return content
	}
	first := written()
	slices.Reverse(rows)
	if !slices.Equal(written(), first) {
		t.Error("found another file of the same rows in another order")
	}
	if err := write(1, rows, append(tallies, tally{1, "another"})); err == nil || !strings.Contains(err.Error(), "different processors") {
		t.Errorf("found %v of rows by other matrix products, expected an error", err)
	}
	if err := write(1, nil, []tally{{0, "another"}}); err == nil || !strings.Contains(err.Error(), "none of 3 images has a result") {
		t.Errorf("found %v of no rows, expected an error", err)
	}
	if !slices.Equal(written(), first) {
		t.Error("found the file changed by those that were refused")
	}
	// A shard without rows, by a worker that has another kernel than those that ran the
	// trunk, belongs to the others.
	w.Output.Shards = 3
	for shard := 1; shard <= 3; shard++ {
		var share []row
		for _, r := range rows {
			if r.Path == rows[0].Path && feature.ShardOf(r.Path, 3).Index == shard {
				share = append(share, r)
			}
		}
		must(t, write(shard, share, []tally{{0, model.Kernel()}, {1, "theirs"}}))
	}
	shards, err := feature.Open(strings.TrimSuffix(w.Output.Out, featureFile) + "-*")
	must(t, err)
	defer shards.Close()
	if shards.Len() != 1 || shards.Header().Kernel != "theirs" {
		t.Errorf("found %d rows by %s, expected 1 by theirs", shards.Len(), shards.Header().Kernel)
	}
}

// each returns an iterator of Beam's kind.
func each[T any](of []T) func(*T) bool {
	return func(v *T) bool {
		if len(of) == 0 {
			return false
		}
		*v, of = of[0], of[1:]
		return true
	}
}

// Killing a worker of a Prism in another process leaves no partial file. Running the
// job again on the same Prism gives every image once.
func TestKilledWorker(t *testing.T) {
	dir, good := photoFolder(t)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	free, err := net.Listen("tcp", "localhost:0")
	must(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	must(t, free.Close())
	jobs, err := prism.CreateJobServer(ctx, prism.Options{Port: port})
	must(t, err)
	j := Job{Images: []string{stallingScheme + dir + "/*/*"}, Network: Network{File: smallNetwork(t)}, Out: filepath.Join(t.TempDir(), "some.features"), Shards: 4}
	worker := func(stall string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0])
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=localhost:%d", workerEnv, port), stallEnv+"="+stall,
			jobEnv+"="+strings.Join([]string{j.Images[0], j.Network.File, j.Out}, "\n"))
		cmd.Stderr = os.Stderr
		return cmd
	}
	first := worker("80")
	out, err := first.StdoutPipe()
	must(t, err)
	must(t, first.Start())
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "stalled"; {
		t.Log(lines.Text())
	}
	must(t, first.Process.Kill())
	_ = first.Wait() // killed
	state := jobmanagement_v1.JobState_RUNNING
	for ; state == jobmanagement_v1.JobState_RUNNING && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		found, err := jobs.GetJobs(ctx, &jobmanagement_v1.GetJobsRequest{})
		must(t, err)
		state = found.GetJobInfo()[0].GetState()
	}
	t.Logf("of the job whose worker was killed Prism says %v", state)
	left, err := os.ReadDir(filepath.Dir(j.Out))
	must(t, err)
	if len(left) != 0 {
		t.Errorf("found %v of a job whose worker was killed, expected no file", left)
	}
	if text, err := worker("").Output(); err != nil {
		t.Fatalf("the second run: %v: %s", err, text)
	}
	isLibrarys(t, j, dir)
	all, err := feature.Open(shards(j)...)
	must(t, err)
	defer all.Close()
	if all.Len() != good {
		t.Errorf("found %d rows, expected %d", all.Len(), good)
	}
}
