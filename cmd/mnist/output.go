package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// output is where a command writes: results to standard output, as text or as
// one JSON object a line, and what goes on to standard error.
type output struct {
	results  io.Writer
	progress io.Writer
	errors   io.Writer // as progress, --quiet or not
	json     bool
	terminal bool
	current  *bar
}

func newOutput(cmd *cobra.Command, g *globals) *output {
	o := &output{results: cmd.OutOrStdout(), progress: cmd.ErrOrStderr(), errors: cmd.ErrOrStderr(), json: g.json}
	if f, ok := o.progress.(*os.File); ok {
		o.terminal = term.IsTerminal(int(f.Fd()))
	}
	if g.quiet {
		o.progress, o.terminal = io.Discard, false
	}
	return o
}

// watched remembers the first error of a writer, so that results that went
// nowhere, as on a full disk, are no success.
type watched struct {
	io.Writer
	err error
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// object prints v as one line of JSON when --json asks for it.
func (o *output) object(v any) error {
	if !o.json {
		return nil
	}
	o.endBar()
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	// A line that cannot be written is no reason to stop the work: the program
	// remembers it, and fails in the end.
	_, _ = o.results.Write(append(printableJSON(line), '\n'))
	return nil
}

// text prints a line of results for people, unless --json was asked for.
func (o *output) text(format string, args ...any) {
	if o.json {
		return
	}
	o.endBar()
	fmt.Fprintf(o.results, format+"\n", shown(args)...)
}

// note prints a line about what goes on.
func (o *output) note(format string, args ...any) {
	o.endBar()
	fmt.Fprintf(o.progress, format+"\n", shown(args)...)
}

// warn prints what the user must know, --quiet or not.
func (o *output) warn(format string, args ...any) {
	o.endBar()
	fmt.Fprintf(o.errors, "mnist: warning: "+format+"\n", shown(args)...)
}

// failure prints an error that does not end the command.
func (o *output) failure(err error) {
	o.endBar()
	fmt.Fprintln(o.errors, "mnist:", printable(err.Error()))
}

// bar is a progress bar on a terminal, and a plain line now and then where
// standard error is none.
type bar struct {
	bar   *progressbar.ProgressBar
	out   *output
	title string
	of    int64
	next  time.Time
}

// plainEvery is how often progress is told where there is no terminal.
const plainEvery = 10 * time.Second

// bar returns the bar of that title, a new one if another was shown.
func (o *output) bar(title string, of int64) *bar {
	if o.current != nil && o.current.title == title {
		return o.current
	}
	o.endBar()
	b := &bar{out: o, title: title, of: of, next: time.Now().Add(plainEvery)}
	if o.terminal {
		b.bar = progressbar.NewOptions64(of, progressbar.OptionSetWriter(o.progress), progressbar.OptionSetDescription(title),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	o.current = b
	return b
}

// set says how much is done.
func (b *bar) set(done int64) {
	if b.bar != nil {
		// A bar that cannot be drawn is no reason to stop the work.
		_ = b.bar.Set64(done)
		return
	}
	if now := time.Now(); now.After(b.next) {
		fmt.Fprintf(b.out.progress, "%s: %d of %d\n", b.title, done, b.of)
		b.next = now.Add(plainEvery)
	}
}

// endBar clears the bar that is shown, if any.
func (o *output) endBar() {
	if o.current != nil && o.current.bar != nil {
		_ = o.current.bar.Clear()
	}
	o.current = nil
}
