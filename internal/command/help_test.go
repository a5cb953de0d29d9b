package command

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// commands returns our own commands.
func commands() []*cobra.Command {
	var list []*cobra.Command
	for _, cmd := range newRoot(MNIST).Commands() {
		if name := cmd.Name(); name != "help" && name != "completion" {
			list = append(list, cmd)
		}
	}
	return list
}

func TestHelp(t *testing.T) {
	defer func(args []string) { os.Args = args }(os.Args)
	os.Args = append(slices.Clone(os.Args), "of", "the", "tests") // not those of the program
	ok(t)
	for _, cmd := range append(commands(), newRoot(MNIST)) {
		args := strings.Fields(cmd.CommandPath())[1:]
		r := ok(t, append(args, "--help")...)
		if !strings.Contains(r.out, "Examples:\n  mnist ") || r.err != "" || cmd.Long == "" {
			t.Errorf("%s: found no description, no example, or %q on standard error:\n%s", r.args, r.err, r.out)
		}
		if help := ok(t, append([]string{"help"}, args...)...); help.out != r.out {
			t.Errorf("%s says otherwise than %s", help.args, r.args)
		}
	}
}

// TestExamplesParse keeps the examples in the help in step with the flags.
func TestExamplesParse(t *testing.T) {
	for _, cmd := range append(commands(), newRoot(MNIST)) {
		for line := range strings.Lines(cmd.Example) {
			example, _, _ := strings.Cut(strings.ReplaceAll(line, "'", ""), "<")
			words := strings.Fields(example)
			found, args, err := newRoot(MNIST).Find(words[1:])
			if err != nil || words[0] != "mnist" || len(words) > 1 && found.Name() != words[1] {
				t.Errorf("%s: %q names no command: %v", cmd.CommandPath(), example, err)
				continue
			}
			if err := found.ParseFlags(args); err != nil {
				t.Errorf("%s: %q: %v", cmd.CommandPath(), example, err)
			} else if err := found.ValidateArgs(found.Flags().Args()); err != nil {
				t.Errorf("%s: %q: %v", cmd.CommandPath(), example, err)
			}
		}
	}
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := ok(t, "completion", shell); !strings.Contains(r.out, "__complete") || r.err != "" {
			t.Errorf("%s: found %d bytes and %q", r.args, len(r.out), r.err)
		}
	}
	for args, want := range map[string]string{
		"retr": "retrain\t", "train --sol": "--solver\t", "retrain --keep-h": "--keep-head\t", "completion b": "bash\t",
		"train --solver ": "sgd\nmomentum\nadam\n:4\n", "train --schedule c": "constant\nstep\ncosine\n:4\n",
		"eval --blas a": "auto\n", "show --prepare ": "torchvision\ntf\n", "retrain --augment ": "shift\n",
		"train --data ": "mnist\nsample\n:0\n", "eval --data s": "sample\n:0\n", "eval --data my": ":0\n",
		"retrain --from ": "safetensors\nonnx\npt\npth\nnpz\n:8\n", "eval --model ": "safetensors\nonnx\npt\npth\nnpz\n:8\n", "predict ": "png\njpg\njpeg\n:8\n",
		"retrain --cache-dir ": ":16\n", "eval --report ": ":16\n", "train --epochs ": ":4\n", "train --threads ": ":4\n", "train ": ":4\n", "train --out ": ":0\n",
	} {
		words := append([]string{"__complete"}, strings.Fields(args)...)
		if strings.HasSuffix(args, " ") {
			words = append(words, "")
		}
		if r := ok(t, words...); !strings.HasPrefix(r.out, want) {
			t.Errorf("%q: found %q, expected it to begin with %q", args, r.out, want)
		}
	}
}

// TestParsedFlags: a text that a flag cannot read is a usage error that names the
// flag and says what was found and expected.
func TestParsedFlags(t *testing.T) {
	for _, test := range []struct{ args, says string }{
		{"train --every 5", `--every: interval: found the unit ""`},
		{"train --classes 9-0", "--classes: classes: range 9-0 runs backwards"},
		{"train --augment mirror", `--augment: augmentation: found "mirror"`},
		{"retrain --cache-memory much", `--cache-memory: found "much", expected a size, as 512MiB`},
		{"convert a.npz b.npz --to-layout=", `--to-layout: layout: found ""`},
		{"retrain --cache-memory=", `--cache-memory: found "", expected a size`},
		{"convert a.npz b.npz --to-layout x", `--to-layout: layout: found "x"`},
	} {
		mnist(t, strings.Fields(test.args)...).refused(t, exitUsage, test.says, "--help'")
	}
}
