package command

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestNoFlagInTheLibrary makes sure that no text of a library package names a flag
// of a command: a Go program that gets such an error has no flags.
func TestNoFlagInTheLibrary(t *testing.T) {
	var flags []string
	for _, cmd := range newRoot(MNIST).Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, "--"+f.Name) })
	}
	if len(flags) < 50 {
		t.Fatalf("found %d flags, expected those of all commands", len(flags))
	}
	files := 0
	for _, folder := range []string{"model", "train", "transfer", "dataset"} {
		err := filepath.WalkDir(filepath.Join("..", "..", folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files++
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				text, ok := n.(*ast.BasicLit)
				if !ok || text.Kind != token.STRING || strings.Contains(text.Value, "python") {
					return true
				}
				for _, word := range strings.FieldsFunc(text.Value, func(r rune) bool { return !(r == '-' || r >= 'a' && r <= 'z') }) {
					for _, flag := range flags {
						if word == flag {
							t.Errorf("%s: found %s in %s", path, flag, text.Value)
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 100 {
		t.Errorf("looked into %d files, expected those of the library", files)
	}
}
