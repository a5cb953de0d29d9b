package beam

import (
	"bytes"
	"context"
	"encoding/csv"
	"reflect"
	"strconv"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// row is the result of an image: a feature.Row, or a line of text.
type row struct {
	Path   string
	Half   int
	Label  int
	Sum    []byte
	Values []float32

	Text string // of the line, with its end
}

// tally is how many images of a bundle have a result, and the kernel that computed them.
type tally struct {
	Images int
	Kernel string
}

func init() {
	beam.RegisterType(reflect.TypeFor[row]())
	beam.RegisterType(reflect.TypeFor[tally]())
	beam.RegisterDoFn(reflect.TypeFor[runFn]())
}

// runFn runs the network over images. It emits rows keyed by shard, and a tally for each
// bundle.
type runFn struct {
	Source  source
	Shards  int
	Predict bool // the whole network; otherwise the trunk
	CSV     bool

	loaded *loaded
	bundle bundle
}

func (f *runFn) Setup(ctx context.Context) (err error) {
	f.loaded, err = f.Source.open(ctx)
	return err
}

func (f *runFn) StartBundle(context.Context, func(int, row), func(bad), func(tally)) {
	f.bundle.begin()
}

func (f *runFn) ProcessElement(ctx context.Context, i image, emit func(int, row), fail func(bad), _ func(tally)) error {
	if f.bundle.add(ctx, i) {
		return f.run(ctx, emit, fail)
	}
	return nil
}

func (f *runFn) FinishBundle(ctx context.Context, emit func(int, row), fail func(bad), count func(tally)) error {
	for len(f.bundle.images) > 0 {
		if err := f.run(ctx, emit, fail); err != nil {
			return err
		}
	}
	count(tally{f.bundle.results, model.Kernel()})
	return nil
}

func (f *runFn) Teardown() error { return f.bundle.close() }

// run runs the network over a batch.
func (f *runFn) run(ctx context.Context, emit func(int, row), fail func(bad)) error {
	photos, images := f.bundle.take(ctx, fail)
	compute := f.features
	if f.Predict {
		compute = f.predictions
	}
	rows, err := compute(ctx, photos, images)
	if err != nil {
		return err
	}
	for k, i := range images {
		if err := photos[k].Err; err != nil {
			f.bundle.fail(ctx, i, err, fail)
			continue
		}
		f.bundle.succeed(ctx)
		emit(feature.ShardOf(i.Name, f.Shards).Index, rows[k])
	}
	return nil
}

// features returns the features of photos. One that cannot be read gets its own Err.
func (f *runFn) features(ctx context.Context, photos []feature.Photo, images []image) ([]row, error) {
	if err := f.loaded.withTrunk(func(t *feature.Trunk) error { return t.Photos(ctx, photos) }); err != nil {
		return nil, err
	}
	rows := make([]row, len(photos))
	for k, i := range images {
		rows[k] = row{Path: i.Name, Half: i.Half, Label: i.Label, Sum: photos[k].Sum[:], Values: photos[k].Values}
	}
	return rows, nil
}

// predictions returns the predictions of photos as lines. One that cannot be read gets
// its own Err.
func (f *runFn) predictions(ctx context.Context, photos []feature.Photo, _ []image) ([]row, error) {
	names, contents, rows := make([]string, len(photos)), make([][]byte, len(photos)), make([]row, len(photos))
	for k, p := range photos {
		names[k], contents[k] = p.Name, p.Content
	}
	return rows, f.loaded.withPredictor(func(p *train.Predictor) error {
		answers, failed, err := p.Contents(ctx, names, contents)
		for k := range answers {
			photos[k].Err, rows[k] = failed[k], row{Path: names[k], Text: f.text(names[k], answers[k])}
		}
		return err
	})
}

// csvHeading is the header line of the table.
const csvHeading = "path,label,probability\n"

// text returns a prediction as a line of the output file.
func (f *runFn) text(file string, q train.Prediction) string {
	if !f.CSV {
		return jsonLine(struct {
			Path        string  `json:"path"`
			Label       string  `json:"label"`
			Probability float64 `json:"probability"`
		}{shown(file), q.Label, q.Probability})
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(escape.Cells([]string{file, q.Label, strconv.FormatFloat(q.Probability, 'f', 6, 64)})) // writing to memory cannot fail
	w.Flush()
	return b.String()
}
