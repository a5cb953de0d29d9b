// Command ours measures what the program mnist does not report: a training step with
// our operators and with stock Gorgonia's, including allocation; inference; the latency
// of one image; retraining by putting the old weights back; and photo networks.
// `go run ./bench` runs it, in a fresh process for each figure.
//
//	ours step | stock | inference | latency | putback | network | block [flags]
//
// The last line on standard output is a JSON object.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// options are the flags of all commands.
type options struct {
	data    string
	classes string
	limit   int
	from    string
	out     string
	last    int
	epochs  int
	batch   int
	steps   int
	repeats int
	batches string
	profile string
	arch    string
	train   string
}

// Settings shared by every measurement, ours and the peer's.
const (
	learningRate = 0.02
	momentum     = 0.9
	seed         = 1
)

// result is the output of a command.
type result map[string]any

var commands = map[string]func(options) (result, error){
	"step": step, "stock": stock, "inference": inference, "latency": latency, "putback": putBack, "network": network, "block": block,
}

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ours:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 || commands[args[0]] == nil {
		return errors.New("expected one of step, stock, inference, latency, putback, network, block")
	}
	var o options
	f := flag.NewFlagSet(args[0], flag.ContinueOnError)
	f.StringVar(&o.data, "data", "mnist", "data set, as for mnist")
	f.StringVar(&o.classes, "classes", "0-9", "labels to keep")
	f.IntVar(&o.limit, "limit", 0, "use at most N images (0: all)")
	f.StringVar(&o.from, "from", "", "weights file to start from; default fresh weights")
	f.StringVar(&o.out, "out", "", "putback, network: file to write")
	f.IntVar(&o.last, "last", 1, "putback: the last N layers are the ones to train")
	f.IntVar(&o.epochs, "epochs", 5, "putback: passes over the data")
	f.IntVar(&o.batch, "batch", 64, "images a training step")
	f.IntVar(&o.steps, "steps", 30, "training steps to measure, after two that warm up")
	f.IntVar(&o.repeats, "repeats", 3, "passes of inference, images of latency, or batches of a network")
	f.StringVar(&o.batches, "batches", "64,250,1000,2500,5000", "batch sizes of inference and of a network")
	f.StringVar(&o.profile, "cpuprofile", "", "step, block: write a CPU profile of the measured steps")
	f.StringVar(&o.arch, "arch", "resnet18", "network, block: torchvision's name; network: or deepmnist")
	f.StringVar(&o.train, "train", "layer4*", "block: the layers to train")
	threads := f.Int("threads", 2, "goroutines to compute on")
	if err := f.Parse(args[1:]); err != nil {
		return err
	}
	if err := parallel.SetThreads(*threads); err != nil {
		return err
	}
	if args[0] != "stock" { // stock keeps gonum's BLAS, Gorgonia's default
		gorgonia.Use(gemm.BLAS())
	}
	r, err := commands[args[0]](o)
	if err != nil {
		return errors.Wrap(err, args[0])
	}
	return json.NewEncoder(out).Encode(r)
}

// open returns the training and test images of the requested classes.
func (o options) open() (train, test *dataset.Set, err error) {
	train, test, err = dataset.Open(o.data, dataset.Options{Warn: func(m string) { fmt.Fprintln(os.Stderr, m) }})
	if err != nil {
		return nil, nil, err
	}
	classes, err := dataset.ParseClasses(o.classes)
	if err != nil {
		return nil, nil, err
	}
	for _, set := range []**dataset.Set{&train, &test} {
		if *set, err = (*set).Filter(classes); err != nil {
			return nil, nil, err
		}
		if o.limit > 0 {
			if *set, err = (*set).Limit(o.limit, seed); err != nil {
				return nil, nil, err
			}
		}
	}
	return train, test, nil
}

// fresh returns the seed network with new weights.
func fresh(classes int) (model.Spec, *model.Weights, error) {
	spec, err := model.DeepMNIST().WithClasses(classes)
	if err != nil {
		return model.Spec{}, nil, err
	}
	w, err := model.Init(spec, rand.New(rand.NewPCG(seed, seed)))
	return spec, w, err
}

// network returns the network of --from, or a fresh one, and the set with labels
// numbered as its outputs.
func (o options) network(set *dataset.Set) (model.Spec, *model.Weights, *dataset.Set, error) {
	if o.from == "" {
		spec, w, err := fresh(len(set.Classes))
		return spec, w, set, err
	}
	m, err := weightfile.Read(o.from)
	if err != nil {
		return model.Spec{}, nil, nil, err
	}
	numbered, leftOut, err := set.Numbered(m.Classes)
	if len(leftOut) > 0 || len(m.Classes) != len(set.Classes) {
		return model.Spec{}, nil, nil, errors.Errorf("%s: found the classes %s, the data has %s", o.from, strings.Join(m.Classes, " "), strings.Join(set.Classes, " "))
	}
	return m.Spec, m.Weights, numbered, err
}
