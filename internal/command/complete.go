package command

import (
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/train"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// fixed returns a completion from a list of words.
func fixed(words ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
}

// filesEnding returns a completion with the names of files with these endings.
func filesEnding(endings ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(endings, cobra.ShellCompDirectiveFilterFileExt)
}

// folders is a completion with the names of folders.
var folders = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)

// dataSets offers the data sets in the program, and otherwise files.
func dataSets(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, name := range []string{"mnist", "sample"} {
		if strings.HasPrefix(name, typed) {
			words = append(words, name)
		}
	}
	return words, cobra.ShellCompDirectiveDefault
}

// solvers offers those that the command has: lbfgs is for a last layer only.
func solvers(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	words := train.SolverNames()
	if cmd.Name() == "retrain" {
		words = append(words, "lbfgs")
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// complete tells the shell's completion what may follow each flag and command.
// For other flags a text may be the name of a file; a number or a list may not.
func complete(root *cobra.Command) {
	weights := filesEnding("safetensors", "onnx", "pt", "pth", "npz")
	flags := map[string]cobra.CompletionFunc{
		"data":     dataSets,
		"blas":     fixed(append([]string{"auto", "go"}, model.Kernels()...)...),
		"solver":   solvers,
		"schedule": fixed("constant", "step", "cosine"),
		"augment":  fixed("shift", "rotate", "shift,rotate", "crop", "flip", "colour", "crop,flip,colour"),
		"from":     weights, "model": weights,
		"cache-dir": folders, "report": folders,
		"classes": fixed("0-4", "5-9"),
		"listen":  cobra.NoFileCompletions,
		"every":   fixed("1epochs", "500steps", "10minutes"),
		"train":   fixed("fc*", "fc2"),
		"layout":  fixed("torch", "tf", "lastlayer"), "to-layout": fixed("torch", "tf", "lastlayer"),
		"polarity": fixed(dataset.LightOnDark, dataset.DarkOnLight),
		"then":     fixed("2", "all"),
		"arch":     fixed(zoo.Names()...), "prepare": fixed(dataset.Presets()...), "features-from": cobra.NoFileCompletions,
	}
	arguments := map[string]cobra.CompletionFunc{
		"predict": filesEnding("png", "jpg", "jpeg"),
		"convert": weights, "show": weights,
	}
	for _, cmd := range append(root.Commands(), root) {
		if f, ok := arguments[cmd.Name()]; ok {
			cmd.ValidArgsFunction = f
		} else if cmd != root {
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		own := func(f *pflag.Flag) {
			offer, known := flags[f.Name]
			if !known && f.Value.Type() != "string" {
				offer, known = cobra.NoFileCompletions, true
			}
			if known {
				_ = cmd.RegisterFlagCompletionFunc(f.Name, offer) // the flag is there, and has none yet
			}
		}
		cmd.LocalNonPersistentFlags().VisitAll(own)
		cmd.PersistentFlags().VisitAll(own)
	}
}
