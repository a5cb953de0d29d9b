package command

import (
	"fmt"
	"strconv"

	"github.com/lastlayer/lastlayer/internal/atomicfile"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagError is an error about the flags of a command.
type flagError struct {
	error
	of *cobra.Command
}

// wrongFlag rewords pflag's error about a flag of cmd: for an unknown flag it suggests
// a similar one, for a bad value it says what is expected.
func wrongFlag(cmd *cobra.Command, err error) error {
	message := err.Error()
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if short := unknown.GetSpecifiedShortnames(); short != "" {
			name = short // one dash too few
		}
		if near := nearestFlag(cmd, name); near != "" {
			message += fmt.Sprintf("; did you mean --%s?", near)
		}
	case errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "string":
		message = fmt.Sprintf("--%s: %v", invalid.GetFlag().Name, invalid.Unwrap())
	case errors.As(err, &invalid):
		message = fmt.Sprintf("--%s: found %q, expected %s", invalid.GetFlag().Name, invalid.GetValue(), expected(invalid))
	}
	return usage(flagError{errors.Errorf("%s; see '%s --help'", message, cmd.CommandPath()), cmd})
}

// parsed is a flag whose text is parsed when it is set. If it is not set, to keeps its
// value.
type parsed[T any] struct {
	text  string
	kind  string // in the help
	parse func(string) (T, error)
	to    *T
}

func (p *parsed[T]) Set(text string) error {
	value, err := p.parse(text)
	if err != nil {
		return err
	}
	p.text, *p.to = text, value
	return nil
}

func (p *parsed[T]) String() string { return p.text }
func (p *parsed[T]) Type() string   { return p.kind }

// orNone is parse for a flag that may be empty.
func orNone[T any](parse func(string) (T, error)) func(string) (T, error) {
	return func(text string) (value T, err error) {
		if text != "" {
			value, err = parse(text)
		}
		return value, err
	}
}

// given returns the first of these flags that the command line has, or "".
func given(cmd *cobra.Command, names ...string) string {
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

// namesNothing returns an error for the first flag that is given without a value, as
// by a shell's variable that is not set: it would silently be ignored.
func namesNothing(cmd *cobra.Command) error {
	for _, f := range []struct{ name, kind string }{
		{"cache-dir", "folder name"}, {"report", "folder name"}, {"checkpoint", "file name"}, {"resume", "file name"}, {"graph", "file name"}, {"image", "file name"},
		{"labels", "file name"}, {"spec", "file name"}, {"arch", "name of a network"}, {"prepare", "name of a preset"}, {"features-from", "name of a layer"}, {"class", "name of a class"},
		{"features", "names of feature files, as 'part-*.features'"}, {"train", "names of layers, as 'fc*'"}, {"layer-lr", "factor, as fc1=0.1"},
	} {
		if given(cmd, f.name) == "" {
			continue
		}
		value := cmd.Flags().Lookup(f.name).Value
		list, isList := value.(pflag.SliceValue)
		if isList && len(list.GetSlice()) == 0 || value.String() == "" {
			return errors.Errorf("--%s: found no %s", f.name, f.kind)
		}
	}
	return nil
}

// nearestFlag returns the flag of cmd whose name is most like that, or "".
func nearestFlag(cmd *cobra.Command, name string) string {
	names := &cobra.Command{} // nearest looks at commands
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		names.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	return nearest(names, name)
}

// expected says what the value of a flag should be.
func expected(invalid *pflag.InvalidValueError) string {
	kind := map[string]string{
		"bool":    "true or false",
		"int":     "a whole number",
		"uint64":  "a whole number from 0",
		"float64": "a number",
	}[invalid.GetFlag().Value.Type()]
	switch {
	case kind == "":
		return invalid.Unwrap().Error()
	case errors.Is(invalid, strconv.ErrRange):
		return "a number nearer to 0"
	}
	return kind
}

// namedFile is a file that a flag or an argument names.
type namedFile struct {
	flag    string
	path    string // "" where the flag is not given
	written bool
	with    string // flag that may name the same file
}

// apart returns a usage error if two flags name the same file, by whatever path or
// link, and the command would write to it.
func apart(files ...namedFile) error {
	for i, a := range files {
		for _, b := range files[:i] {
			if a.path == "" || b.path == "" || !a.written && !b.written || a.with == b.flag || b.with == a.flag || a.flag == b.flag {
				continue
			}
			if atomicfile.Same(a.path, b.path) {
				return usage(errors.Errorf("%s %s and %s %s: found the same file twice, expected two: one would overwrite the other", b.flag, b.path, a.flag, a.path))
			}
		}
	}
	return nil
}
