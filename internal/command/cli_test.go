package command

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
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
	root := newRoot()
	strict(root)
	// These kernels depend on the machine.
	root.PersistentFlags().Lookup("blas").Usage = "matrix products: auto, go, or one of those that 'mnist --help' names"
	var text bytes.Buffer
	fmt.Fprintln(&text, "# The commands\n\nMade from the program's own help by `make docs`.")
	write := func(cmd *cobra.Command) {
		cmd.DisableAutoGenTag = true
		link := func(file string) string {
			return "#" + strings.ReplaceAll(strings.TrimSuffix(file, ".md"), "_", "-")
		}
		fmt.Fprintln(&text)
		if err := doc.GenMarkdownCustom(cmd, &text, link); err != nil {
			t.Fatal(err)
		}
	}
	write(root)
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			continue
		}
		write(cmd)
		for _, sub := range cmd.Commands() {
			if sub.Name() != "help" {
				write(sub)
			}
		}
	}
	var tidy bytes.Buffer
	for line := range strings.Lines(text.String()) {
		fmt.Fprintln(&tidy, strings.TrimRight(strings.ReplaceAll(line, "\t - ", ": "), " \t\n"))
	}
	return tidy.Bytes()
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
