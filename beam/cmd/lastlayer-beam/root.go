package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	apache "github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
	"github.com/lastlayer/lastlayer/beam"
	"github.com/lastlayer/lastlayer/internal/buildinfo"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/internal/exit"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flags are the flags shared by both commands.
type flags struct {
	job   beam.Job
	json  bool
	quiet bool
}

func newRoot() *cobra.Command {
	var f flags
	root := &cobra.Command{
		Use:   "lastlayer-beam",
		Short: "Run a network over more images than one machine can take, on Apache Beam",
		Long: `lastlayer-beam runs a network over the images of a bucket or a folder, on any runner of
Apache Beam. Without --runner that is Prism, a part of this program: there is nothing
to install. Files are on this machine, or on Google Cloud Storage: gs://BUCKET/NAME.

Every flag of Beam's Go SDK is taken, also those that are not listed here.`,
		Example:       "  lastlayer-beam features --model mine.safetensors --images 'photos/*/*' --out photos.features\n  lastlayer-beam predict --model mine.safetensors --images 'photos/*/*' --out answers.csv",
		Version:       buildinfo.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return exit.Wrong(errors.Errorf("%v; see '%s --help'", err, cmd.CommandPath()))
	})
	root.CompletionOptions.DisableDefaultCmd = true
	own := root.PersistentFlags()
	own.BoolVar(&f.json, "json", false, "print one JSON object on standard output at the end")
	own.BoolVar(&f.quiet, "quiet", false, "no progress on standard error")
	addBeam(own)
	root.AddCommand(f.features(), f.predict())
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			cmd.Args = func(_ *cobra.Command, args []string) error {
				found, rest, err := root.Find(args)
				if err != nil {
					return exit.Wrong(err)
				}
				return noArguments(found, rest)
			}
		}
	}
	return root
}

// features returns the features command.
func (f *flags) features() *cobra.Command {
	return f.command("features", "Write what a network makes of each image, for 'lastlayer retrain --features'",
		`features runs a network up to its last layer over the images, and writes feature files,
which 'lastlayer retrain --features' trains a last layer on. The class of an image is
the name of its folder. Where there are folders of training and test images above, as
in train/cat/1.jpg, they decide which it is; otherwise a hash of each file does.

A file that is no image that can be read stands in the file of --bad, with the error,
and stops nothing.`,
		`lastlayer-beam features --model mobilenet.onnx --prepare tf --images 'photos/*/*' --out photos.features
lastlayer-beam features --model gs://b/mine.safetensors --images 'gs://b/photos/*/*' --shards 64 --out gs://b/f/part.features \
    --runner dataflow --project P --region europe-west1 --staging_location gs://b/staging --blas go-avx2
lastlayer-beam features --model gs://b/mine.safetensors --images 'gs://b/photos/*/*' --shards 64 --out gs://b/f/part.features \
    --runner flink --endpoint localhost:8099 --parallelism 32`,
		"file to write, whose name ends in .features", beam.Job.Features)
}

// predict returns the predict command.
func (f *flags) predict() *cobra.Command {
	return f.command("predict", "Say what is on each image",
		`predict writes a line for each image: its path, the most probable class, and how
probable that is, 0 to 1.

A file that is no image that can be read stands in the file of --bad, with the error,
and stops nothing.`,
		`lastlayer-beam predict --model mine.safetensors --images 'new/*.jpg' --out answers.csv
lastlayer-beam predict --model gs://b/mine.safetensors --images 'gs://b/new/**.jpg' --shards 16 --out gs://b/answers.jsonl \
    --runner dataflow --project P --region europe-west1 --staging_location gs://b/staging`,
		"file to write, whose name ends in .jsonl or .csv", beam.Job.Predict)
}

func (f *flags) command(name, short, long, examples, out string, add func(beam.Job, context.Context, apache.Scope) error) *cobra.Command {
	cmd := &cobra.Command{
		Use: name, Short: short, Long: long, Example: "  " + strings.ReplaceAll(examples, "\n", "\n  "), Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd, name, add) },
	}
	set := cmd.Flags()
	set.StringArrayVar(&f.job.Images, "images", nil, "pattern of the images' names, as 'gs://b/photos/*/*.jpg'; may be given several times: a file that several match is taken once")
	set.StringVar(&f.job.Network.File, "model", "", "file of the network: ours, .onnx, or weights of others with --arch")
	set.StringVar(&f.job.Network.Arch, "arch", "", "network that the file has the weights of, by torchvision's name or timm's, as resnet18")
	set.StringVar(&f.job.Network.Preset, "prepare", "", "how the images were prepared that trained a network which does not say it: torchvision, tf, caffe")
	set.StringVar(&f.job.Network.Kernel, "blas", "", "matrix products on every worker, as go-avx2; name one where the workers' processors differ")
	set.StringVar(&f.job.Out, "out", "", out)
	set.IntVar(&f.job.Shards, "shards", 1, "files to write; with more than one each has its number in the name, as part-00003-of-00064.features")
	set.StringVar(&f.job.Bad, "bad", "", "file of the images without a result, JSON lines with path and error (that of --out with the ending .bad.jsonl)")
	return cmd
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return exit.Wrong(errors.Errorf("%s: unknown argument %q; see '%s --help'", cmd.CommandPath(), args[0], cmd.CommandPath()))
	}
	return nil
}

// result is the line printed by --json.
type result struct {
	Done    bool    `json:"done"`
	Out     string  `json:"out"`
	Shards  int     `json:"shards"`
	Images  int64   `json:"images"` // with a result
	Bad     int64   `json:"bad"`    // without
	Seconds float64 `json:"seconds"`
}

func (f *flags) run(cmd *cobra.Command, name string, add func(beam.Job, context.Context, apache.Scope) error) error {
	start, ctx := time.Now(), cmd.Context()
	for _, flag := range []struct{ name, value string }{{"images", strings.Join(f.job.Images, "")}, {"model", f.job.Network.File}, {"out", f.job.Out}} {
		if flag.value == "" {
			return exit.Wrong(errors.Errorf("--%s: not given; see '%s --help'", flag.name, cmd.CommandPath()))
		}
	}
	if f.job.Shards == 0 { // a Job takes it for 1
		return exit.Wrong(errors.Errorf("--shards: found %d, expected from 1", f.job.Shards))
	}
	if err := checkRunner(); err != nil {
		return exit.Wrong(err)
	}
	apache.Init()
	here := onPrism() // before Prism sets its endpoint
	if here {
		slog.SetDefault(slog.New(slog.DiscardHandler)) // the job's error contains all that matters
	}
	p, s := apache.NewPipelineWithRoot()
	if err := add(f.job, ctx, s); errors.Is(err, beam.ErrJob) {
		return exit.Wrong(err)
	} else if err != nil {
		return err
	}
	forget, err := ownTemporaryFolder(ctx)
	if err != nil {
		return err
	}
	defer forget()
	progress := io.Writer(os.Stderr)
	if f.quiet {
		progress = io.Discard
	}
	stop := tell(progress, name)
	ran, err := beamx.RunWithMetrics(ctx, p)
	stop()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !here && strings.Contains(err.Error(), "Use --"): // a flag that a runner of Beam's needs
		return exit.Wrong(err)
	case err != nil:
		return reason(err)
	case *jobopts.Async:
		fmt.Fprintln(os.Stderr, "the job was submitted; its runner knows how it goes on")
		return nil
	}
	r := result{Done: true, Out: f.job.Out, Shards: f.job.Shards, Images: counted(ran, beam.ImagesDone), Bad: counted(ran, beam.ImagesFailed), Seconds: time.Since(start).Seconds()}
	if here { // Prism may lose a bundle's last counts; it does not run bundles twice
		all, bad := beam.Progress()
		r.Images, r.Bad = all-bad, bad
	}
	if r.Bad > 0 {
		fmt.Fprintf(os.Stderr, "lastlayer-beam: warning: %d of %d images have no result: %s says why\n", r.Bad, r.Bad+r.Images, escape.Text(f.job.BadFile()))
	}
	if f.json {
		line, err := json.Marshal(r)
		if err == nil {
			_, err = fmt.Printf("%s\n", escape.JSON(line))
		}
		return errors.Wrap(err, "results")
	}
	_, err = fmt.Printf("%s of %d images written to %s\n", name, r.Images, escape.Text(beam.ShardName(r.Out, 1, r.Shards)))
	return errors.Wrap(err, "results")
}

// counted returns the value of a pipeline's counter.
func counted(ran apache.PipelineResult, name string) (n int64) {
	found := ran.Metrics().Query(func(m metrics.SingleResult) bool { return m.Namespace() == beam.Counters && m.Name() == name })
	for _, c := range found.Counters() {
		n += c.Result()
	}
	return n
}

// every is the interval of progress reports.
var every = 10 * time.Second

// tell regularly reports how many images are done, until stop is called.
func tell(w io.Writer, name string) (stop func()) {
	start, ended := time.Now(), make(chan struct{})
	go func() {
		for {
			select {
			case <-time.After(every):
				if n, bad := beam.Progress(); n > 0 {
					fmt.Fprintf(w, "%s: %d images, %.1f a second; %d bad\n", name, n, float64(n)/time.Since(start).Seconds(), bad)
				}
			case <-ended:
				return
			}
		}
	}()
	return func() { close(ended) }
}

// Names of Beam's runners, as package beamx registers them, and of those that need an
// endpoint. Beam itself ends the program at another name.
var (
	onEndpoint = []string{"flink", "FlinkRunner", "spark", "SparkRunner", "universal", "PortableRunner", "portable"}
	onPrisms   = []string{"", "prism", "PrismRunner"}
	runners    = slices.Concat(onPrisms, onEndpoint, []string{"dataflow", "DataflowRunner", "direct", "DirectRunner", "dot"})
)

// checkRunner checks the flags of Beam that it does not check itself, or only after a
// while.
func checkRunner() error {
	runner := runnerFlag()
	switch {
	case !slices.Contains(runners, runner):
		return errors.Errorf("--runner: found %q, expected prism, flink, spark, dataflow or universal", runner)
	case slices.Contains(onEndpoint, runner) && *jobopts.Endpoint == "":
		return errors.Errorf("--endpoint: not given; --runner %s needs that of its job server, as localhost:8099", runner)
	case !slices.Contains([]string{"", "docker", "process", "loopback", "external"}, strings.ToLower(*jobopts.EnvironmentType)):
		return errors.Errorf("--environment_type: found %q, expected docker, process, loopback or external", *jobopts.EnvironmentType)
	case onPrism() && *jobopts.Async:
		return errors.New("--async: expected another --runner: Prism runs in this program and ends with it")
	}
	return nil
}

func runnerFlag() string { return flag.Lookup("runner").Value.String() }

// onPrism reports whether the job runs in this program.
func onPrism() bool { return slices.Contains(onPrisms, runnerFlag()) && *jobopts.Endpoint == "" }

// ownTemporaryFolder gives Beam, which leaves files in it, a folder for temporary files
// that is removed by forget or a signal.
func ownTemporaryFolder(ctx context.Context) (forget func(), err error) {
	folder, err := os.MkdirTemp("", "lastlayer-beam-")
	if err != nil {
		return nil, errors.Wrap(err, "temporary files")
	}
	remove := func() { _ = os.RemoveAll(folder) } // what stays there harms nobody
	context.AfterFunc(ctx, remove)
	for _, name := range []string{"TMPDIR", "TMP"} { // TMP is Windows's
		if err := os.Setenv(name, folder); err != nil {
			remove()
			return nil, errors.WithStack(err)
		}
	}
	return remove, nil
}

// reason returns the error of the DoFn that ended the job, without the plan around it.
func reason(err error) error {
	const before = "failed:\n"
	text := err.Error()
	if at := strings.LastIndex(text, before); at >= 0 {
		return errors.New(strings.TrimSpace(text[at+len(before):]))
	}
	return err
}

// listed are the Beam flags shown in the help.
var listed = []string{"runner", "endpoint", "environment_type", "environment_config", "parallelism", "worker_binary", "async", "job_name",
	"project", "region", "staging_location", "temp_location", "num_workers", "max_num_workers", "worker_machine_type"}

// beamFlag is one of Beam's flags, from the standard library's package flag.
type beamFlag struct{ *flag.Flag }

func (f beamFlag) Set(text string) error { return flag.Set(f.Name, text) }
func (f beamFlag) String() string        { return f.Value.String() }
func (f beamFlag) Type() string          { return "" }

// addBeam adds Beam's flags.
func addBeam(to *pflag.FlagSet) {
	flag.VisitAll(func(f *flag.Flag) {
		added := to.VarPF(beamFlag{f}, f.Name, "", "Beam: "+f.Usage)
		added.Hidden = !slices.Contains(listed, f.Name)
		if b, is := f.Value.(interface{ IsBoolFlag() bool }); is && b.IsBoolFlag() {
			added.NoOptDefVal = "true"
		}
	})
}
