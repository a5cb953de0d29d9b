package beam

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// writeWhole writes a file that appears complete or not at all and replaces an existing
// one. Bucket and memory file systems already do this when a file is closed.
func writeWhole(ctx context.Context, path string, write func(io.Writer) error) (err error) {
	if isLocal(path) {
		return weightfile.ReplaceFile(path, write)
	}
	fs, err := filesystem.New(ctx, path)
	if err != nil {
		return err
	}
	defer fs.Close()
	ctx, giveUp := context.WithCancel(ctx) // cancelled bucket writes leave nothing
	defer giveUp()
	w, err := fs.OpenWrite(ctx, path)
	if err != nil {
		return errors.Wrap(err, path)
	}
	if err := write(w); err != nil {
		return errors.Wrap(err, path) // no Close: it would keep the partial file
	}
	return errors.Wrap(w.Close(), path)
}

func init() {
	beam.RegisterDoFn(reflect.TypeFor[writeFeaturesFn]())
	beam.RegisterDoFn(reflect.TypeFor[writeLinesFn]())
	beam.RegisterDoFn(reflect.TypeFor[writeBadFn]())
	beam.RegisterFunction(badLine)
	beam.RegisterFunction(keyed)
}

// perShard groups rows that are keyed by shards from 1. Shards without rows are there too.
func perShard(s beam.Scope, shards int, rows beam.PCollection) beam.PCollection {
	numbers := make([]int, shards)
	for i := range numbers {
		numbers[i] = i + 1
	}
	return beam.CoGroupByKey(s, rows, beam.ParDo(s, keyed, beam.CreateList(s, numbers)))
}

func keyed(n int) (int, int) { return n, n }

// all returns the rows that next gives.
func all(next func(*row) bool) (rows []row) {
	for r := (row{}); next(&r); r = (row{}) {
		rows = append(rows, r)
	}
	return rows
}

// output is where a job writes. Its files stay as they are if there is no result: then
// Bad, which is written before, says why.
type output struct {
	Out    string
	Shards int
	Bad    string
}

// check returns an error if none of a job's images has a result, and the kernels that
// computed the results.
func (o output) check(tallies func(*tally) bool, wrong func(*int) bool) (kernels []string, err error) {
	images, failed := 0, 0
	for t := (tally{}); tallies(&t); t = (tally{}) {
		images += t.Images
		if t.Images > 0 && !slices.Contains(kernels, t.Kernel) {
			kernels = append(kernels, t.Kernel)
		}
	}
	for n := 0; wrong(&n); {
		failed += n
	}
	if images == 0 {
		return nil, errors.Errorf("%s: not written: none of %d images has a result: %s says why", o.Out, failed, o.Bad)
	}
	return kernels, nil
}

// writeFeaturesFn writes the feature file of a shard. If the bundle runs again, it writes
// the same file again.
type writeFeaturesFn struct {
	Source source
	Output output

	loaded *loaded
}

func (f *writeFeaturesFn) Setup(ctx context.Context) (err error) {
	f.loaded, err = f.Source.open(ctx)
	return err
}

func (f *writeFeaturesFn) ProcessElement(ctx context.Context, shard int, next func(*row) bool, _ func(*int) bool, tallies func(*tally) bool, wrong func(*int) bool, of listing) error {
	kernels, err := f.Output.check(tallies, wrong)
	if err != nil {
		return err
	}
	if len(kernels) > 1 {
		return errors.Errorf("found features by the matrix products %s, since the workers have different processors: choose one that all of them have", strings.Join(kernels, " and "))
	}
	header := feature.Header{
		Shard: feature.Shard{Index: shard, Of: f.Output.Shards}, Classes: of.Classes,
		Listing: feature.Listing{Files: of.Files, Sum: of.Sum},
	}
	err = f.loaded.withTrunk(func(t *feature.Trunk) (err error) {
		header.Origin, err = t.Origin()
		return err
	})
	if err != nil {
		return err
	}
	header.Kernel = kernels[0] // that of the workers that ran the trunk, not of this one
	rows := all(next)
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.Half, b.Half), feature.ComparePaths(a.Path, b.Path)) })
	return writeWhole(ctx, ShardName(f.Output.Out, shard, f.Output.Shards), func(to io.Writer) error {
		w, err := feature.NewWriter(to, header)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := w.Append(feature.Row{Path: r.Path, Half: dataset.Half(r.Half), Label: r.Label, Sum: [32]byte(r.Sum), Values: r.Values}); err != nil {
				return err
			}
		}
		return w.Close()
	})
}

// writeLinesFn writes the text file of a shard.
type writeLinesFn struct {
	Heading string
	Output  output
}

func (f *writeLinesFn) ProcessElement(ctx context.Context, shard int, next func(*row) bool, _ func(*int) bool, tallies func(*tally) bool, wrong func(*int) bool) error {
	if _, err := f.Output.check(tallies, wrong); err != nil {
		return err
	}
	return writeLines(ctx, ShardName(f.Output.Out, shard, f.Output.Shards), f.Heading, all(next))
}

// writeBadFn writes the file of the images without a result and emits their number.
type writeBadFn struct{ Output output }

func (f *writeBadFn) ProcessElement(ctx context.Context, _ int, next func(*row) bool, _ func(*int) bool, written func(int)) error {
	rows := all(next)
	written(len(rows))
	return writeLines(ctx, f.Output.Bad, "", rows)
}

// writeLines writes a file of lines in ascending path order.
func writeLines(ctx context.Context, file, heading string, rows []row) error {
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.Path, b.Path) })
	return writeWhole(ctx, file, func(w io.Writer) error {
		if _, err := io.WriteString(w, heading); err != nil {
			return err
		}
		for _, r := range rows {
			if _, err := io.WriteString(w, r.Text); err != nil {
				return err
			}
		}
		return nil
	})
}

// ShardName returns the name of file number shard of several, such as
// features-00003-of-00016.features. If there is only one, it is out itself.
func ShardName(out string, shard, of int) string {
	if of == 1 {
		return out
	}
	ext := path.Ext(out)
	return fmt.Sprintf("%s-%05d-of-%05d%s", strings.TrimSuffix(out, ext), shard, of, ext)
}

// badLine returns an image without a result as a JSON line.
func badLine(b bad) (int, row) {
	return 1, row{Path: b.Path, Text: jsonLine(struct {
		Path  string `json:"path"`
		Error string `json:"error"`
	}(b))}
}

// jsonLine returns a line of JSON with terminal control characters escaped.
func jsonLine(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // impossible: v holds only strings and finite numbers
	}
	return string(escape.JSON(text)) + "\n"
}

// shown returns a text as valid JSON content: bytes that are not UTF-8 become \xff.
func shown(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	return escape.Text(text)
}
