// Command lastlayer retrains the last layers of a pretrained convolutional network
// on your own photos. Run it with --help, or begin with `lastlayer retrain --help`.
package main

import (
	"os"

	"github.com/lastlayer/lastlayer/internal/command"
)

func main() {
	os.Exit(command.Run(command.LastLayer, os.Args[1:], os.Stdout, os.Stderr))
}
