// Package border tests the exported functions of a package: arguments that they
// cannot work on give an error, not a panic.
package border

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// Test makes calls that must be refused, and remembers the functions.
type Test struct {
	t      *testing.T
	called []string
}

// New returns a Test without calls.
func New(t *testing.T) *Test { return &Test{t: t} }

// Refuse fails the test unless the call of a function, "NewSet", or of a method,
// "Set.Split", returns an error of one line with that cause, nil for any. A panic
// fails it too. The reason says why the call cannot be obeyed.
func (b *Test) Refuse(function, reason string, cause error, call func() error) {
	b.t.Helper()
	b.called = append(b.called, function)
	panicked := true
	defer func() {
		if panicked {
			b.t.Errorf("%s, %s: found the panic %v", function, reason, recover())
		}
	}()
	err := call()
	panicked = false
	switch {
	case err == nil:
		b.t.Errorf("%s, %s: found no error", function, reason)
	case cause != nil && !errors.Is(err, cause):
		b.t.Errorf("%s, %s: found the error %q, expected one that is %q", function, reason, err, cause)
	case strings.ContainsAny(err.Error(), "\n\r"):
		b.t.Errorf("%s, %s: found an error of several lines: %q", function, reason, err)
	}
}

// Complete fails the test unless each exported function of the package in this
// folder that returns an error was called, or is among others: those that take
// nothing that could be nil, or have tests of their own for it.
func (b *Test) Complete(others ...string) {
	t := b.t
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	covered := slices.Concat(b.called, others)
	var found []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && returnsError(f) {
				found = append(found, nameOf(f))
			}
		}
	}
	for _, name := range found {
		if exported(name) && !slices.Contains(covered, name) {
			t.Errorf("%s returns an error and was not called", name)
		}
	}
	for _, name := range covered {
		if !slices.Contains(found, name) {
			t.Errorf("%s was called, and is no function here that returns an error", name)
		}
	}
}

func returnsError(f *ast.FuncDecl) bool {
	results := f.Type.Results
	if results == nil {
		return false
	}
	last, ok := results.List[len(results.List)-1].Type.(*ast.Ident)
	return ok && last.Name == "error"
}

func nameOf(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return f.Name.Name
	}
	of := f.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	name, ok := of.(*ast.Ident)
	if !ok {
		return "generic." + f.Name.Name
	}
	return name.Name + "." + f.Name.Name
}

func exported(name string) bool {
	of, method, is := strings.Cut(name, ".")
	return ast.IsExported(of) && (!is || ast.IsExported(method))
}
