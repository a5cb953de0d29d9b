package beam

import (
	"context"
	"fmt"
	"io"
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
)

// row is a feature.Row.
type row struct {
	Path   string
	Half   int
	Class  string
	Sum    []byte
	Values []float32
	Kernel string // that computed the values
}

func init() {
	beam.RegisterType(reflect.TypeFor[row]())
	beam.RegisterDoFn(reflect.TypeFor[featuresFn]())
	beam.RegisterDoFn(reflect.TypeFor[writeFeaturesFn]())
}

// featuresFn runs the trunk over images. It emits rows keyed by shard.
type featuresFn struct {
	Source source
	Shards int

	loaded *loaded
	bundle bundle
}

func (f *featuresFn) Setup(ctx context.Context) (err error) {
	f.loaded, err = f.Source.open(ctx)
	return err
}

func (f *featuresFn) StartBundle(context.Context, func(int, row), func(bad)) { f.bundle.begin() }

func (f *featuresFn) ProcessElement(ctx context.Context, i image, emit func(int, row), fail func(bad)) error {
	if f.bundle.add(ctx, i) {
		return f.run(ctx, emit, fail)
	}
	return nil
}

func (f *featuresFn) FinishBundle(ctx context.Context, emit func(int, row), fail func(bad)) error {
	for len(f.bundle.images) > 0 {
		if err := f.run(ctx, emit, fail); err != nil {
			return err
		}
	}
	return nil
}

func (f *featuresFn) Teardown() error { return f.bundle.close() }

// run runs the trunk over a batch.
func (f *featuresFn) run(ctx context.Context, emit func(int, row), fail func(bad)) error {
	photos, images := f.bundle.take(ctx, fail)
	if err := f.loaded.withTrunk(func(t *feature.Trunk) error { return t.Photos(ctx, photos) }); err != nil {
		return err
	}
	kernel := model.Kernel()
	for k, p := range photos {
		i := images[k]
		if p.Err != nil {
			f.bundle.fail(ctx, i, p.Err, fail)
			continue
		}
		f.bundle.succeed(ctx)
		emit(feature.ShardOf(i.Name, f.Shards).Index, row{Path: i.Name, Half: i.Half, Class: i.Class, Sum: p.Sum[:], Values: p.Values, Kernel: kernel})
	}
	return nil
}

// writeFeaturesFn writes the file of a shard. If the bundle runs again, it writes the
// same file again.
type writeFeaturesFn struct {
	Source source
	Out    string
	Shards int

	loaded *loaded
}

func (f *writeFeaturesFn) Setup(ctx context.Context) (err error) {
	f.loaded, err = f.Source.open(ctx)
	return err
}

func (f *writeFeaturesFn) ProcessElement(ctx context.Context, shard int, next func(*row) bool, _ func(*int) bool, all listing) error {
	header := feature.Header{
		Shard: feature.Shard{Index: shard, Of: f.Shards}, Classes: all.Classes,
		Listing: feature.Listing{Files: all.Files, Sum: all.Sum},
	}
	err := f.loaded.withTrunk(func(t *feature.Trunk) (err error) {
		header.Origin, err = t.Origin()
		return err
	})
	if err != nil {
		return err
	}
	var rows []row
	for r := (row{}); next(&r); r = (row{}) {
		if len(rows) == 0 {
			header.Kernel = r.Kernel // the kernel that ran the trunk, perhaps on another worker
		}
		if r.Kernel != header.Kernel {
			return errors.Errorf("%s: features were made by the matrix products %s, others by %s, since the workers have different processors; choose one that all of them have",
				r.Path, r.Kernel, header.Kernel)
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(walkOrder(a.Path), walkOrder(b.Path)) })
	return writeWhole(ctx, ShardName(f.Out, shard, f.Shards), func(to io.Writer) error {
		w, err := feature.NewWriter(to, header)
		if err != nil {
			return err
		}
		for _, r := range rows {
			label, found := slices.BinarySearch(all.Classes, r.Class)
			if !found {
				return errors.Errorf("%s: found class %q, not one of those listed: this is a bug", r.Path, r.Class)
			}
			if err := w.Append(feature.Row{Path: r.Path, Half: dataset.Half(r.Half), Label: label, Sum: [32]byte(r.Sum), Values: r.Values}); err != nil {
				return err
			}
		}
		return w.Close()
	})
}

// walkOrder is the sort key of paths: it gives the order of a walk through the folders.
func walkOrder(p string) string { return strings.ReplaceAll(p, "/", "\x00") }

// ShardName returns the name of file number shard of several, such as
// features-00003-of-00016.features. If there is only one, it is out itself.
func ShardName(out string, shard, of int) string {
	if of == 1 {
		return out
	}
	ext := path.Ext(out)
	return fmt.Sprintf("%s-%05d-of-%05d%s", strings.TrimSuffix(out, ext), shard, of, ext)
}
