package beam

import (
	"cmp"
	"context"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/lastlayer/lastlayer/internal/atomicfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// Job says what to do with which images. Files may be on any of Beam's file systems:
// gs://bucket/…, memfs://…, or local.
type Job struct {
	// Images are patterns of the file names, such as gs://photos/*/*.jpg. Paths in the
	// result are relative to the images' common folder, the part before the first
	// wildcard.
	Images  []string
	Network Network
	// Out is the file to write. With Shards above 1 it is the base of their names: see
	// ShardName.
	Out    string
	Shards int // number of output files; 0: 1; the rows of one must fit in a worker's memory
	// Bad is the file of images without a result, as JSON lines with path and error.
	// The default is Out with the ending .bad.jsonl.
	Bad string
}

// featureFile is the ending of feature files.
const featureFile = ".features"

// ErrJob is the cause of errors about invalid jobs.
var ErrJob = errors.New("invalid job")

// Features adds the computation of image features, below the network's output layer, to
// a pipeline. The output is feature files. Classes and halves are those that dataset.Open
// finds in the images' common folder: the class of an image is the name of its folder, and
// folders of training and test images above that, as in train/cat/1.jpg, decide the split.
func (j Job) Features(ctx context.Context, s beam.Scope) error {
	j, l, src, err := j.begin(ctx, featureFile)
	if err != nil {
		return err
	}
	if err := l.withTrunk(func(t *feature.Trunk) error { return t.Photos(ctx, nil) }); err != nil {
		return err
	}
	s = s.Scope("lastlayer.Features")
	r := j.run(s, &runFn{Source: src, Shards: j.Shards}, true)
	beam.ParDo0(s, &writeFeaturesFn{Source: src, Output: j.output()}, perShard(s, j.Shards, r.rows),
		beam.SideInput{Input: r.tallies}, beam.SideInput{Input: r.wrong}, beam.SideInput{Input: r.listing})
	return nil
}

// Predict adds the prediction of all images to a pipeline. The output has path, label
// and probability, as JSON lines or a table, depending on the ending of Out: .jsonl or
// .csv.
func (j Job) Predict(ctx context.Context, s beam.Scope) error {
	j, l, src, err := j.begin(ctx, ".jsonl", ".csv")
	if err != nil {
		return err
	}
	if err := l.withPredictor(func(*train.Predictor) error { return nil }); err != nil {
		return err
	}
	s = s.Scope("lastlayer.Predict")
	heading, table := "", path.Ext(j.Out) == ".csv"
	if table {
		heading = csvHeading
	}
	r := j.run(s, &runFn{Source: src, Shards: j.Shards, Predict: true, CSV: table}, false)
	beam.ParDo0(s, &writeLinesFn{Heading: heading, Output: j.output()}, perShard(s, j.Shards, r.rows),
		beam.SideInput{Input: r.tallies}, beam.SideInput{Input: r.wrong})
	return nil
}

// results are what comes of the images.
type results struct {
	rows    beam.PCollection // KV<int, row>, by shard
	tallies beam.PCollection
	wrong   beam.PCollection // of int: the number of images without a result
	listing beam.PCollection
}

// run lists the images, gives them to f, and writes the file of those without a result.
func (j Job) run(s beam.Scope, f *runFn, classes bool) (r results) {
	images, unnamed, listing := beam.ParDo3(s, &listFn{Globs: j.Images, Classes: classes}, beam.Impulse(s))
	rows, unread, tallies := beam.ParDo3(s, f, beam.Reshuffle(s, images))
	bad := beam.ParDo(s, badLine, beam.Flatten(s, unnamed, unread))
	wrong := beam.ParDo(s, &writeBadFn{j.output()}, perShard(s, 1, bad))
	return results{rows, tallies, wrong, listing}
}

func (j Job) output() output { return output{j.Out, j.Shards, j.Bad} }

// BadFile returns the file of images without a result.
func (j Job) BadFile() string {
	return cmp.Or(j.Bad, strings.TrimSuffix(j.Out, path.Ext(j.Out))+".bad.jsonl")
}

// begin checks the job, fills in defaults, and opens the network, so that an invalid
// job fails before a worker starts.
func (j Job) begin(ctx context.Context, endings ...string) (Job, *loaded, source, error) {
	src := source{Network: j.Network}
	if j.Shards == 0 {
		j.Shards = 1
	}
	j.Bad = j.BadFile()
	if err := j.check(ctx, endings); err != nil {
		return j, nil, src, err
	}
	l, err := src.open(ctx)
	return j, l, src, err
}

func (j Job) check(ctx context.Context, endings []string) error {
	switch {
	case len(j.Images) == 0:
		return errors.Wrap(ErrJob, "images: found no pattern, expected one as photos/*/*.jpg")
	case j.Network.File == "":
		return errors.Wrap(ErrJob, "network: found no file")
	case !slices.Contains(endings, path.Ext(j.Out)):
		return errors.Wrapf(ErrJob, "out: found %q, expected a name that ends in %s", j.Out, strings.Join(endings, " or "))
	}
	if err := (feature.Shard{Index: 1, Of: j.Shards}).Check(); err != nil {
		return errors.Wrap(ErrJob, err.Error())
	}
	if err := j.apart(); err != nil {
		return err
	}
	if info, err := os.Stat(j.Network.File); isLocal(j.Network.File) && err == nil && !info.Mode().IsRegular() {
		return errors.Wrapf(ErrJob, "network: %s: found no regular file", j.Network.File)
	}
	for _, file := range slices.Concat(j.Images, []string{j.Network.File, j.Out, j.Bad}) {
		fs, err := filesystem.New(ctx, file)
		if err != nil {
			return errors.Wrap(ErrJob, err.Error())
		}
		if err := fs.Close(); err != nil {
			return errors.Wrap(err, file)
		}
	}
	for _, glob := range j.Images {
		if _, err := filepath.Match(glob, ""); err != nil {
			return errors.Wrapf(ErrJob, "images: %s: %v", glob, err)
		}
	}
	if root := rootOf(j.Images); endings[0] == featureFile && (strings.HasSuffix(root, "://") || root == "" && slices.ContainsFunc(j.Images, func(glob string) bool { return !isLocal(glob) })) {
		return errors.Wrapf(ErrJob, "images: %s: found no folder that they share, expected the classes of all in one", strings.Join(j.Images, " "))
	}
	for _, file := range j.written() {
		if !isLocal(file) {
			continue
		}
		if err := atomicfile.Writable(file); err != nil {
			return err
		}
	}
	// Beam panics without one.
	temp, err := os.MkdirTemp("", "lastlayer-beam-")
	if err != nil {
		return errors.Wrap(err, "temporary files")
	}
	return errors.WithStack(os.Remove(temp))
}

// written returns the files that the job writes, that of the bad images last.
func (j Job) written() (files []string) {
	for shard := range j.Shards {
		files = append(files, ShardName(j.Out, shard+1, j.Shards))
	}
	return append(files, j.Bad)
}

// apart returns an ErrJob if a file to write is the network, another file to write, or
// may be one of the images.
func (j Job) apart() error {
	for i, file := range j.written() {
		if same(file, j.Network.File) || i < j.Shards && same(file, j.Bad) {
			return errors.Wrapf(ErrJob, "found %s twice, expected files of their own for the network, the result and the bad images", file)
		}
		for _, glob := range j.Images {
			if match, err := filepath.Match(absolute(glob), absolute(file)); err == nil && match {
				return errors.Wrapf(ErrJob, "out: %s is written, and %s takes it for an image; expected another folder", file, glob)
			}
		}
	}
	return nil
}

// same reports whether two names are those of one file.
func same(a, b string) bool { return a == b || isLocal(a) && isLocal(b) && atomicfile.Same(a, b) }

// absolute returns a local name as one from the root.
func absolute(file string) string {
	if whole, err := filepath.Abs(file); isLocal(file) && err == nil {
		return whole
	}
	return file
}
