package command

import (
	"context"
	"io"
	"path/filepath"
	"time"

	"github.com/lastlayer/lastlayer/internal/atomicfile"
	"github.com/lastlayer/lastlayer/internal/memory"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// featuresFlags are the flags of features.
type featuresFlags struct {
	model string
	sourceFlags
	data  dataFlags
	dir   string
	out   string
	shard feature.Shard
}

func newFeatures(g *globals) *cobra.Command {
	var f featuresFlags
	cmd := &cobra.Command{
		Use:   "features",
		Short: "Write the features of each image, for other programs or for retrain",
		Long: `features runs a network up to its last layer over the training and the test images
of a data set, and writes its output: a row of numbers per image, from which the
last layer tells the classes apart. They are what retrain --last 1 trains on. The
network stays as it is: --model names it, as for all commands that only use one.
Commands that train, such as retrain, take it as --from.

An .npz file has, for numpy.load, the arrays train [N,F], train_labels [N] and
train_files [N], the same of test, and classes. A .csv file has the columns part,
file, label, f0, f1 and so on.

A .features file is for 'retrain --features'. With --shard 3/16 it has the third of
16 shares of the photos: run all 16, one after the other or on as many machines. Which
share a photo is in follows from its path in the folder. Each photo is decoded once.
A run that is interrupted leaves what it has beside the file, and the next one goes on
there.`,
		Example: g.example("features --model digits.safetensors --data sample --out digits.npz\nfeatures --model digits.safetensors --data my-images/ --features-from pool2 --out mine.csv",
			"features --model mobilenet.onnx --prepare tf --data photos/ --out photos.npz\nfeatures --model mine.safetensors --data photos/ --out photos.csv\nfeatures --model mobilenet.onnx --prepare tf --data photos/ --shard 3/16 --out part-3.features"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runFeatures(cmd, newOutput(cmd, g), f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.model, "model", "", formats)
	f.sourceFlags.add(cmd)
	f.addFeatures(cmd, "write the output of this layer, its images averaged")
	f.data.add(cmd, g.Program)
	flags.StringVar(&f.dir, "cache-dir", "", "folder to keep the features in, for the next run on the same layers and images")
	flags.Var(&parsed[feature.Shard]{"", "string", feature.ParseShard, &f.shard}, "shard", "share of the photos to compute, as 3/16; needs --out NAME.features")
	flags.StringVar(&f.out, "out", "features.npz", "file to write, .npz, .csv or .features")
	cmd.MarkFlagsMutuallyExclusive("shard", "cache-dir")
	return cmd
}

// shardFile ends the names of feature files.
const shardFile = ".features"

// shareLine is the result of features in --json for a share of the photos.
type shareLine struct {
	featuresLine
	Shard   string `json:"shard"`
	Earlier int    `json:"earlier"` // images whose features an interrupted run had left
	Of      int    `json:"of"`      // files of the whole set
}

// writeShare writes the feature file of a share.
func (f featuresFlags) writeShare(ctx context.Context, out *output, m *model.Network, start time.Time) error {
	trunk, err := feature.NewTrunk(m, model.Last(1))
	if err != nil {
		return err
	}
	defer trunk.Close()
	if f.shard.Of == 0 {
		f.shard = feature.Shard{Index: 1, Of: 1}
	}
	opt := f.data.options(ctx, out)
	opt.Checked = out.images("features of shard " + f.shard.String())
	r, err := trunk.WriteShare(ctx, f.out, f.data.name, f.shard, opt)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			out.note("what was computed is kept beside %s: the same command goes on there", f.out)
		}
		return f.data.failed(out, err)
	}
	if r.Earlier > 0 {
		out.note("%d of them are from a run that did not end", r.Earlier)
	}
	out.text("%d features of each of %d images, shard %s of %d files, written to %s", r.Size, r.Images, f.shard, r.Of, f.out)
	return out.object(shareLine{f.line(start, r.Images, r.Size), f.shard.String(), r.Earlier, r.Of})
}

// featuresLine is the result of features in --json.
type featuresLine struct {
	Done         bool    `json:"done"`
	Out          string  `json:"out"`
	Images       int     `json:"images"`
	Features     int     `json:"features"` // numbers of each image
	Seconds      float64 `json:"seconds"`
	PeakRSSBytes int64   `json:"peak_rss_bytes"`
	unusedFiles
}

func (f featuresFlags) line(start time.Time, images, size int) featuresLine {
	return featuresLine{true, f.out, images, size, time.Since(start).Seconds(), memory.Peak(), *f.data.unused}
}

func runFeatures(cmd *cobra.Command, out *output, f featuresFlags) error {
	start, ctx := time.Now(), cmd.Context()
	write := map[string]func(io.Writer, ...feature.Part) error{".npz": feature.WriteNPZ, ".csv": feature.WriteCSV}[filepath.Ext(f.out)]
	switch {
	case f.model == "":
		return out.program.noNetwork("model")
	case write == nil && filepath.Ext(f.out) != shardFile:
		return usage(errors.Errorf("--out: found %q, expected a name that ends in .npz, .csv or .features", f.out))
	case write != nil && f.shard != feature.Shard{}:
		return usage(errors.Errorf("--shard: found --out %s, expected a name that ends in .features", f.out))
	case write == nil && given(cmd, "classes", "cache-dir") != "":
		return usage(errors.Errorf("--%s: does not go with a .features file", given(cmd, "classes", "cache-dir")))
	}
	if err := apart(namedFile{flag: "--out", path: f.out, written: true}, namedFile{flag: "--model", path: f.model}, namedFile{flag: "--cache-dir", path: f.dir, written: true}); err != nil {
		return err
	}
	if err := atomicfile.Writable(f.out); err != nil {
		return err
	}
	m, err := f.openPartial(ctx, out, f.model)
	if err != nil {
		return err
	}
	if f.features != "" {
		// The head is not run.
		if m, err = transfer.HeadOn(m, f.features, false, []string{"0", "1"}, 1); err != nil {
			return err
		}
	}
	f.data.of(m)
	f.data.unused = &unusedFiles{}
	if write == nil {
		return f.writeShare(ctx, out, m, start)
	}
	train, test, err := f.data.open(ctx, out, 1)
	if err != nil {
		return err
	}
	trunk, err := feature.NewTrunk(m, model.Last(1))
	if err != nil {
		return err
	}
	defer trunk.Close()
	opt := feature.Options{CacheDir: f.dir, Warn: func(message string) { out.note("%s", message) }}
	parts := []feature.Part{{Name: "train", Images: train}, {Name: "test", Images: test}}
	images, size := 0, 1
	for i, p := range parts {
		if parts[i].Images, err = m.Prepare(p.Images); err != nil {
			return err
		}
		opt.Progress = out.images("features of " + p.Name + " images")
		set, err := trunk.Features(ctx, parts[i].Images, opt)
		if err != nil {
			return err
		}
		defer set.Close()
		parts[i].Features, images = set, images+set.Len()
	}
	for _, side := range parts[0].Features.ExampleShape() {
		size *= side
	}
	if err := weightfile.ReplaceFile(f.out, func(w io.Writer) error { return write(w, parts...) }); err != nil {
		return err
	}
	out.text("%d features of each of %d images (%d training, %d test) written to %s", size, images, train.Len(), test.Len(), f.out)
	return out.object(f.line(start, images, size))
}
