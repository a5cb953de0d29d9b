package beam

import (
	"bytes"
	"context"
	"encoding/csv"
	goimage "image"
	"reflect"
	"strconv"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[predictFn]())
}

// predicted is the number of images predicted at a time.
const predicted = 8

// predictFn predicts images. It emits lines keyed by shard.
type predictFn struct {
	Source source
	Shards int
	CSV    bool

	loaded *loaded
	bundle bundle
}

func (f *predictFn) Setup(ctx context.Context) (err error) {
	f.loaded, err = f.Source.open(ctx)
	return err
}

func (f *predictFn) StartBundle(context.Context, func(int, line), func(bad)) { f.bundle.begin() }

func (f *predictFn) ProcessElement(ctx context.Context, i image, emit func(int, line), fail func(bad)) error {
	if f.bundle.add(ctx, i) {
		return f.run(ctx, emit, fail)
	}
	return nil
}

func (f *predictFn) FinishBundle(ctx context.Context, emit func(int, line), fail func(bad)) error {
	for len(f.bundle.images) > 0 {
		if err := f.run(ctx, emit, fail); err != nil {
			return err
		}
	}
	return nil
}

func (f *predictFn) Teardown() error { return f.bundle.close() }

// run predicts a batch.
func (f *predictFn) run(ctx context.Context, emit func(int, line), fail func(bad)) error {
	photos, images := f.bundle.take(ctx, fail)
	return f.loaded.withPredictor(func(p *train.Predictor) error {
		set, good, err := prepare(ctx, f.loaded.network, photos)
		if err != nil {
			return err
		}
		for k := range photos {
			if photos[k].Err != nil {
				f.bundle.fail(ctx, images[k], photos[k].Err, fail)
			}
		}
		if len(good) == 0 {
			return nil
		}
		return p.Each(ctx, set, func(n int, q train.Prediction) error {
			i := images[good[n]]
			f.bundle.succeed(ctx)
			emit(feature.ShardOf(i.Name, f.Shards).Index, line{i.Path, f.text(i.Path, q)})
			return nil
		})
	})
}

// prepare returns the images as the network's input and the indices of their photos. A
// photo that cannot be read gets an Err and is left out.
func prepare(ctx context.Context, n *model.Network, photos []feature.Photo) (set *dataset.Set, good []int, err error) {
	ready := make([][]byte, len(photos))
	parallel.For(len(photos), func(_, i int) {
		made := make(chan []byte, 1) // when ctx is done, the image may still be worked on
		photos[i].Err = dataset.UseImageFrom(ctx, bytes.NewReader(photos[i].Content), photos[i].Name, func(img goimage.Image) error {
			x, err := pixels(n, img)
			made <- x
			return errors.Wrap(err, photos[i].Name)
		})
		if photos[i].Err == nil {
			ready[i] = <-made
		}
	})
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var all []byte // [len(good),C,H,W]
	for i := range photos {
		if photos[i].Err == nil {
			good, all = append(good, i), append(all, ready[i]...)
		}
	}
	if len(good) == 0 {
		return nil, nil, nil
	}
	set, err = dataset.NewSet("images", n.Spec.Input, all, make([]int, len(good)), n.Classes, n.Prep)
	return set, good, err
}

// pixels returns the bytes of an image as the network's input, [C,H,W]: of a photo, or
// of a drawing cropped from its page.
func pixels(n *model.Network, img goimage.Image) ([]byte, error) {
	if n.Prep.IsPhoto() {
		return n.Prep.Photo.Pixels(img, n.Spec.Input[1], n.Spec.Input[2])
	}
	digit, err := dataset.Digit(img)
	return digit.Bytes(n.Prep.Polarity), err
}

// csvHeading is the header line of the table.
const csvHeading = "path,label,probability\n"

// text returns a prediction as a line of the output file.
func (f *predictFn) text(file string, q train.Prediction) string {
	if !f.CSV {
		return jsonLine(struct {
			Path        string  `json:"path"`
			Label       string  `json:"label"`
			Probability float64 `json:"probability"`
		}{shown(file), q.Label, q.Probability})
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(escape.Cells([]string{file, q.Label, strconv.FormatFloat(q.Probability, 'f', 6, 64)})) // writing to memory cannot fail
	w.Flush()
	return b.String()
}
