package command

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/cli.md anew")

// TestPage holds docs/cli.md to the commands: 'make docs' writes it anew.
func TestPage(t *testing.T) {
	path := filepath.Join(repository, "docs", "cli.md")
	want := commandsPage(t)
	if *update {
		writeFile(t, path, want)
		return
	}
	if !bytes.Equal(readFile(t, path), want) {
		t.Error("docs/cli.md is not what the commands say: run 'make docs'")
	}
}

// commandsPage returns the help of all commands as one page of Markdown.
func commandsPage(t *testing.T) []byte {
	t.Helper()
	var text bytes.Buffer
	fmt.Fprintln(&text, `# The commands

Made from the programs' own help by ~make docs~.

- [lastlayer](#lastlayer) is for your own networks and photos.
- [mnist](#mnist) is the demo of the question: the same commands, which take MNIST and
  a small network by default.`)
	for _, p := range []Program{LastLayer, MNIST} {
		programPage(t, p, &text)
	}
	var tidy bytes.Buffer
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(&tidy, strings.ReplaceAll(strings.TrimRight(strings.ReplaceAll(line, "\t - ", ": "), " \t\n"), "~make docs~", "`make docs`"))
	}
	return tidy.Bytes()
}

// programPage adds the help of a program's commands. Of mnist it leaves out what
// lastlayer's says word for word.
func programPage(t *testing.T, p Program, text *bytes.Buffer) {
	t.Helper()
	root := newRoot(p)
	strict(root)
	// These kernels depend on the machine.
	root.PersistentFlags().Lookup("blas").Usage = "matrix products: auto, go, or one of those that '" + p.name + " --help' names"
	write := func(cmd *cobra.Command) {
		cmd.DisableAutoGenTag = true
		link := func(file string) string {
			return "#" + strings.ReplaceAll(strings.TrimSuffix(file, ".md"), "_", "-")
		}
		fmt.Fprintln(text)
		var page bytes.Buffer
		if err := doc.GenMarkdownCustom(cmd, &page, link); err != nil {
			t.Fatal(err)
		}
		if same := counterpart(t, cmd); p.mnist && same != nil {
			page = differences(cmd, same)
		}
		text.Write(page.Bytes())
	}
	write(root)
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			continue
		}
		write(cmd)
		for _, sub := range cmd.Commands() {
			if sub.Name() != "help" && !p.mnist { // completion's, which say the same
				write(sub)
			}
		}
	}
}

// counterpart returns lastlayer's command of that name, or nil for none.
func counterpart(t *testing.T, cmd *cobra.Command) *cobra.Command {
	t.Helper()
	root := newRoot(LastLayer)
	strict(root)
	for _, c := range root.Commands() {
		if c.Name() == cmd.Name() && cmd.HasParent() {
			return c
		}
	}
	return nil
}

// differences is the help of a command of mnist as far as it is not lastlayer's.
func differences(cmd, same *cobra.Command) (page bytes.Buffer) {
	fmt.Fprintf(&page, "## %s\n\n%s: as [%s](#%s)", cmd.CommandPath(), cmd.Short, same.CommandPath(), strings.ReplaceAll(same.CommandPath(), " ", "-"))
	var flags []string
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if other := same.LocalFlags().Lookup(f.Name); other != nil && other.DefValue != f.DefValue {
			flags = append(flags, fmt.Sprintf("`--%s` is `%s`", f.Name, f.DefValue))
		}
	})
	if flags != nil {
		fmt.Fprintf(&page, ", but by default %s", strings.Join(flags, ", "))
	}
	fmt.Fprint(&page, ".\n\n")
	if cmd.Example != "" {
		fmt.Fprintf(&page, "```\n%s\n```\n\n", cmd.Example)
	}
	return page
}

// TestPageLinks makes sure that every link on the page has its heading.
func TestPageLinks(t *testing.T) {
	text := string(commandsPage(t))
	links := strings.Split(text, "](#")[1:]
	if len(links) < 15 {
		t.Errorf("found %d links", len(links))
	}
	anchors := map[string]bool{}
	for line := range strings.Lines(text) {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			anchors[strings.ReplaceAll(strings.TrimSpace(heading), " ", "-")] = true
		}
	}
	for _, l := range links {
		if anchor, _, _ := strings.Cut(l, ")"); !anchors[anchor] {
			t.Errorf("link to %q: found no heading of that name", anchor)
		}
	}
	if _, err := os.Stat(filepath.Join(repository, "docs", "cli.md")); err != nil {
		t.Error(err)
	}
}

// TestDocsNameFlags holds the command lines of README and docs to the commands: each
// is one, and has the flags.
func TestDocsNameFlags(t *testing.T) {
	line := regexp.MustCompile(`(?m)(?:^|[\x60(] *|go run \./cmd/)(lastlayer|mnist) ([a-z-]+)((?: +[^\s\x60]+)*)`)
	flags := regexp.MustCompile(`--([a-z][a-z-]*)`)
	for _, name := range []string{"README.md", "docs/photos.md", "docs/scale.md", "docs/weights.md", "docs/tutorial.md", "docs/answer.md", "docs/exact-head.md"} {
		found := 0
		for _, m := range line.FindAllStringSubmatch(string(readFile(t, filepath.Join(repository, name))), -1) {
			program := LastLayer
			if m[1] == "mnist" {
				program = MNIST
			}
			cmd, _, err := newRoot(program).Find([]string{m[2]})
			if err != nil {
				continue // a sentence about the program
			}
			found++
			for _, f := range flags.FindAllStringSubmatch(m[3], -1) {
				if f[1] != "help" && cmd.Flag(f[1]) == nil {
					t.Errorf("%s: %s: found no flag --%s", name, m[0], f[1])
				}
			}
		}
		if found == 0 {
			t.Errorf("%s: found no command", name)
		}
	}
}
