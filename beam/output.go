package beam

import (
	"context"
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/model/weightfile"
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

// line is a line of a text file, about the image with that path.
type line struct {
	Path string
	Text string
}

func init() {
	beam.RegisterType(reflect.TypeFor[line]())
	beam.RegisterDoFn(reflect.TypeFor[writeLinesFn]())
	beam.RegisterFunction(badLine)
	beam.RegisterFunction(keyed)
}

// writeLines writes lines, keyed by shards from 1, with one file per shard, even for
// shards without lines.
func writeLines(s beam.Scope, out, heading string, shards int, lines beam.PCollection) {
	beam.ParDo0(s, &writeLinesFn{out, heading, shards}, beam.CoGroupByKey(s, lines, everyShard(s, shards)))
}

// everyShard returns the numbers of all shards as keys.
func everyShard(s beam.Scope, shards int) beam.PCollection {
	numbers := make([]int, shards)
	for i := range numbers {
		numbers[i] = i + 1
	}
	return beam.ParDo(s, keyed, beam.CreateList(s, numbers))
}

func keyed(n int) (int, int) { return n, n }

// writeLinesFn writes a file of lines in ascending path order.
type writeLinesFn struct {
	Out     string
	Heading string
	Shards  int
}

func (f *writeLinesFn) ProcessElement(ctx context.Context, shard int, next func(*line) bool, _ func(*int) bool) error {
	var lines []line
	for l := (line{}); next(&l); l = (line{}) {
		lines = append(lines, l)
	}
	slices.SortFunc(lines, func(a, b line) int { return strings.Compare(a.Path, b.Path) })
	return writeWhole(ctx, ShardName(f.Out, shard, f.Shards), func(w io.Writer) error {
		if _, err := io.WriteString(w, f.Heading); err != nil {
			return err
		}
		for _, l := range lines {
			if _, err := io.WriteString(w, l.Text); err != nil {
				return err
			}
		}
		return nil
	})
}

// badLine returns an image without a result as a JSON line.
func badLine(b bad) (int, line) {
	return 1, line{b.Path, jsonLine(struct {
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
