// Command lastlayer-beam runs networks on Apache Beam, for more images than one machine
// can process. Run it with --help.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/pkg/errors"
)

// Exit statuses, the same as lastlayer's.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 128 // plus the signal's number: 130 for Ctrl-C
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--worker=true" { // Beam starts a worker this way
		flag.Parse()
		beam.Init()
		return
	}
	os.Exit(run(os.Args[1:]))
}

// usageError is an error in the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// interrupted is the cause of a context cancelled by a signal.
type interrupted struct{ syscall.Signal }

func (i interrupted) Error() string { return "stopped by a signal: " + i.Signal.String() }

// run runs a command line and returns the exit status.
func run(args []string) int {
	ctx, stop := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s, _ := (<-signals).(syscall.Signal)
		signal.Stop(signals) // a second signal ends the program at once
		stop(interrupted{s})
	}()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	var signalled interrupted
	if errors.As(context.Cause(ctx), &signalled) {
		fmt.Fprintf(os.Stderr, "%s: %v; a job at a runner elsewhere goes on there\n", root.Name(), signalled)
		return exitInterrupted + int(signalled.Signal)
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", root.Name(), escape.Text(err.Error()))
	var wrong usageError
	if errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}
