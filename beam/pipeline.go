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

// ErrJob is the cause of errors about invalid jobs.
var ErrJob = errors.New("invalid job")

// Features adds the computation of image features, below the network's output layer, to
// a pipeline. The output is feature files. The class of an image is the name of its
// folder. Folders of training and test images above that, as in train/cat/1.jpg, decide
// the split.
func (j Job) Features(ctx context.Context, s beam.Scope) error {
	j, l, src, err := j.begin(ctx, ".features")
	if err != nil {
		return err
	}
	if err := l.withTrunk(func(t *feature.Trunk) error { return t.Photos(ctx, nil) }); err != nil {
		return err
	}
	s = s.Scope("lastlayer.Features")
	images, unnamed, all := beam.ParDo3(s, &listFn{Globs: j.Images, Classes: true}, beam.Impulse(s))
	rows, unread := beam.ParDo2(s, &featuresFn{Source: src, Shards: j.Shards}, beam.Reshuffle(s, images))
	beam.ParDo0(s, &writeFeaturesFn{Source: src, Out: j.Out, Shards: j.Shards},
		beam.CoGroupByKey(s, rows, everyShard(s, j.Shards)), beam.SideInput{Input: all})
	j.writeBad(s, unnamed, unread)
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
	images, unnamed, _ := beam.ParDo3(s, &listFn{Globs: j.Images}, beam.Impulse(s))
	lines, unread := beam.ParDo2(s, &predictFn{Source: src, Shards: j.Shards, CSV: table}, beam.Reshuffle(s, images))
	writeLines(s, j.Out, heading, j.Shards, lines)
	j.writeBad(s, unnamed, unread)
	return nil
}

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
	if err := j.check(endings); err != nil {
		return j, nil, src, err
	}
	l, err := src.open(ctx)
	return j, l, src, err
}

func (j Job) check(endings []string) error {
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
		if _, err := filesystem.New(context.Background(), file); err != nil {
			return errors.Wrap(ErrJob, err.Error())
		}
	}
	for _, glob := range j.Images {
		if _, err := filepath.Match(glob, ""); err != nil {
			return errors.Wrapf(ErrJob, "images: %s: %v", glob, err)
		}
	}
	for _, file := range []string{j.Out, j.Bad} {
		if err := atomicfile.Writable(file); isLocal(file) && err != nil {
			return err
		}
	}
	return nil
}

// apart returns an ErrJob if a file to write is the network, another file to write, or
// may be one of the images.
func (j Job) apart() error {
	written := []string{j.Bad}
	for shard := range j.Shards {
		written = append(written, ShardName(j.Out, shard+1, j.Shards))
	}
	for i, file := range written {
		if same(file, j.Network.File) || i > 0 && same(file, j.Bad) {
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

// writeBad writes the file of images without a result.
func (j Job) writeBad(s beam.Scope, of ...beam.PCollection) {
	writeLines(s, j.Bad, "", 1, beam.ParDo(s, badLine, beam.Flatten(s, of...)))
}
