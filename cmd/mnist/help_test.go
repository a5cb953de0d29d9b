package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// commands returns our own commands.
func commands() []*cobra.Command {
	var list []*cobra.Command
	for _, cmd := range newRoot().Commands() {
		if name := cmd.Name(); name != "help" && name != "completion" {
			list = append(list, cmd)
		}
	}
	return list
}

func TestHelp(t *testing.T) {
	ok(t)
	for _, cmd := range append(commands(), newRoot()) {
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
	for _, cmd := range append(commands(), newRoot()) {
		for line := range strings.Lines(cmd.Example) {
			example, _, _ := strings.Cut(strings.ReplaceAll(line, "'", ""), "<")
			words := strings.Fields(example)
			found, args, err := newRoot().Find(words[1:])
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
	for args, word := range map[string]string{"retr": "retrain\t", "train --sol": "--solver\t", "retrain --keep": "--keep-head\t", "completion b": "bash\t"} {
		if r := ok(t, append([]string{"__complete"}, strings.Fields(args)...)...); !strings.HasPrefix(r.out, word) {
			t.Errorf("%s: found %q, expected it to offer %q", r.args, r.out, word)
		}
	}
}
