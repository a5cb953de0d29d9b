package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/buildinfo"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/internal/exit"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// garbage is the percentage of the live heap that may be garbage before it is
// collected, unless the environment sets it. A heap of weights, features and buffers
// has few pointers to follow: decoding 20,000 photos, 25 takes no longer than Go's 100
// and peaks at 205 MB instead of 308.
const garbage = 25

// usage returns err as that of a wrong command line.
func usage(err error) error { return exit.Wrong(err) }

// Run executes one command line of a program and returns its exit status: 1 also for a
// panic, which would be a bug and is printed with its stack.
func Run(p Program, args []string, stdout, stderr io.Writer) (status int) {
	defer func() {
		if bug := recover(); bug != nil {
			fmt.Fprintf(escape.Lines{Writer: stderr}, "%s: bug: %v\n%s", p.name, bug, debug.Stack())
			status = exit.Failed
		}
	}()
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	}
	ctx, stop := exit.UntilSignal()
	defer stop()
	root := newRoot(p)
	results := &watched{Writer: stdout}
	root.SetArgs(append([]string{}, args...)) // nil would stand for those of the process
	root.Annotations = map[string]string{typed: shellescape.QuoteCommand(append([]string{root.Name()}, args...))}
	root.SetOut(results)
	root.SetErr(stderr)
	strict(root)
	err := execute(ctx, root)
	var unknown flagError
	if errors.As(err, &unknown) && unknown.of == root {
		// A misspelt command may have flags that the root does not know.
		err = cmp.Or(unknownCommand(root, args), err)
	}
	if err == nil {
		err = errors.Wrap(results.err, "results")
	}
	return p.exitStatus(ctx, err, stderr)
}

// execute runs the command. Data that can no longer be read is its error.
func execute(ctx context.Context, root *cobra.Command) (err error) {
	defer dataset.CatchUnreadable(&err)
	return root.ExecuteContext(ctx)
}

// unknownCommand returns an error if the first argument that is no flag is no
// command.
func unknownCommand(root *cobra.Command, args []string) error {
	f := pflag.NewFlagSet(root.Name(), pflag.ContinueOnError)
	f.ParseErrorsAllowlist.UnknownFlags = true
	f.Usage = func() {}
	f.AddFlagSet(root.Flags())
	if err := f.Parse(args); err != nil {
		return nil // the flag that is wrong comes first
	}
	return noArguments(root, f.Args())
}

// exitStatus prints an error and returns the exit status.
func (p Program) exitStatus(ctx context.Context, err error, stderr io.Writer) int {
	if err == nil {
		return exit.Done
	}
	if stopped, is := exit.Stopped(ctx, err); is {
		fmt.Fprintln(stderr, p.name+":", stopped)
		var lost errCheckpoint
		if !errors.As(err, &lost) {
			return exit.Status(ctx, err)
		}
		err = lost
	}
	fmt.Fprintln(stderr, p.name+":", escape.Text(err.Error()))
	return exit.Status(ctx, err)
}

// globals are the flags of every command.
type globals struct {
	Program
	threads int
	blas    string
	json    bool
	quiet   bool
}

func newRoot(p Program) *cobra.Command {
	g := &globals{Program: p}
	root := &cobra.Command{
		Use:           p.name,
		Short:         "Retrain the last layers of a convolutional network, with nothing hidden",
		Long:          p.about,
		Example:       p.example(p.examples, p.examples),
		Version:       buildinfo.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArguments,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmd.ValidateFlagGroups(); err != nil {
				return usage(err) // cobra calls it too, but later and without our exit status
			}
			return usage(cmp.Or(namesNothing(cmd), g.apply()))
		},
	}
	root.SetFlagErrorFunc(wrongFlag)
	f := root.PersistentFlags()
	f.IntVar(&g.threads, "threads", 0, "goroutines to compute on (0: one per processor)")
	f.StringVar(&g.blas, "blas", "auto", "matrix products: auto, go (the best of these), or one of "+strings.Join(model.Kernels(), ", "))
	f.BoolVar(&g.json, "json", false, "print one JSON object per line on standard output")
	f.BoolVar(&g.quiet, "quiet", false, "no progress on standard error; results stay")
	if p.mnist {
		root.AddCommand(newDemo(g))
	}
	root.AddCommand(newTrain(g), newRetrain(g), newLRFind(g), newEval(g), newPredict(g), newFeatures(g), newExplain(g), newConvert(g), newShow(g), newServe(g))
	complete(root)
	return root
}

// strict makes cobra's own commands, help and completion, refuse arguments that they
// would silently ignore. Set the root's output before: completion keeps it.
func strict(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Args = func(_ *cobra.Command, args []string) error {
				found, rest, err := root.Find(args)
				if err != nil {
					return usage(err)
				}
				return noArguments(found, rest)
			}
		case "completion":
			cmd.Args, cmd.RunE = noArguments, root.RunE
			for _, shell := range cmd.Commands() {
				shell.Args = noArguments
			}
		}
	}
}

// apply applies the global flags.
func (g *globals) apply() error {
	name := g.blas
	switch name {
	case "auto":
		name = "go"
	case "":
		return errors.New("--blas: found no name")
	}
	return cmp.Or(model.SetThreads(g.threads), errors.Wrap(model.UseKernel(name), "--blas"))
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		hint := ""
		if near := nearest(cmd, args[0]); near != "" {
			hint = fmt.Sprintf("; did you mean %q?", near)
		}
		return usage(errors.Errorf("unknown argument or command %q%s; see '%s --help'", args[0], hint, cmd.CommandPath()))
	}
	return nil
}

// nearest returns the command under cmd whose name is most like that, or "".
func nearest(cmd *cobra.Command, name string) string {
	defer func(d int) { cmd.SuggestionsMinimumDistance = d }(cmd.SuggestionsMinimumDistance)
	for cmd.SuggestionsMinimumDistance = 1; cmd.SuggestionsMinimumDistance <= mostUnlike; cmd.SuggestionsMinimumDistance++ {
		if near := cmd.SuggestionsFor(name); len(near) > 0 {
			return near[0]
		}
	}
	return ""
}

// mostUnlike is how many letters of a command's name may be wrong, missing or extra.
const mostUnlike = 2
