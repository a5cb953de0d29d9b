package command

import (
	"path/filepath"

	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// typed is the annotation of the root command that holds the command line as
// it was typed, quoted for a shell.
const typed = "command line"

// reportFlag is the folder that train, retrain and eval write a report into.
type reportFlag struct{ folder string }

func (f *reportFlag) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.folder, "report", "", "folder for a report: a page with curves, mistakes and figures, and its pictures as files")
}

// begin returns what gathers the report, nil where none is asked for, and an
// error when it could not be written: before hours of work.
func (f reportFlag) begin(cmd *cobra.Command, out *output) (*report.Gatherer, error) {
	if !cmd.Flags().Changed("report") {
		return nil, nil
	}
	g, err := report.Gather(report.Options{
		Folder: f.folder, Title: cmd.CommandPath(), CommandLine: cmd.Root().Annotations[typed],
		Progress: out.images("mistakes for the report"),
		Written:  func(page string) { out.text("report written to %s", page) },
	})
	return g, errors.Wrap(err, "--report")
}

// reportFiles are those that a report in the folder consists of.
func reportFiles(folder string) []namedFile {
	if folder == "" {
		return nil
	}
	files := []namedFile{{flag: "--report", path: folder, written: true, with: "--cache-dir"}}
	for _, name := range report.Names() {
		files = append(files, namedFile{flag: "--report", path: filepath.Join(folder, name), written: true})
	}
	return files
}
