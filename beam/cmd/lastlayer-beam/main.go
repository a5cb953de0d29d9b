// Command lastlayer-beam runs networks on Apache Beam, for more images than one machine
// can process. Run it with --help.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/internal/exit"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--worker=true" { // Beam starts a worker this way
		flag.Parse()
		beam.Init()
		return
	}
	os.Exit(run(os.Args[1:]))
}

// run runs a command line and returns the exit status.
func run(args []string) int {
	ctx, stop := exit.UntilSignal()
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if stopped, is := exit.Stopped(ctx, err); is {
		fmt.Fprintf(os.Stderr, "%s: %v; a job at a runner elsewhere goes on there\n", root.Name(), stopped)
	} else if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", root.Name(), escape.Text(err.Error()))
	}
	return exit.Status(ctx, err)
}
