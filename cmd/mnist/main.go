// Command mnist trains a small MNIST network, retrains its last
// layers on new classes, and shows what happens on the way. Run it with
// --help, or begin with `mnist demo`.
package main

import (
	"os"

	"github.com/lastlayer/lastlayer/internal/command"
)

func main() {
	os.Exit(command.Run(command.MNIST, os.Args[1:], os.Stdout, os.Stderr))
}
