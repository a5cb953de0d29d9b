package command

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/explain"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// output is where a command writes: results to standard output, as text or as one
// JSON object per line, and progress to standard error.
type output struct {
	program  Program
	results  io.Writer
	progress io.Writer
	errors   io.Writer // as progress, but --quiet does not silence it
	json     bool
	terminal bool
	current  *bar
}

func newOutput(cmd *cobra.Command, g *globals) *output {
	o := &output{program: g.Program, results: cmd.OutOrStdout(), progress: cmd.ErrOrStderr(), errors: cmd.ErrOrStderr(), json: g.json}
	if f, ok := o.progress.(*os.File); ok {
		o.terminal = term.IsTerminal(int(f.Fd()))
	}
	if g.quiet {
		o.progress, o.terminal = io.Discard, false
	}
	return o
}

// watched remembers the first error of a writer: results that could not be written, as
// on a full disk, make the command fail.
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
	_, _ = o.results.Write(append(escape.JSON(line), '\n'))
	return nil
}

// text prints a line of results for people, unless --json was asked for.
func (o *output) text(format string, args ...any) {
	if o.json {
		return
	}
	o.endBar()
	fmt.Fprintln(o.results, escape.Sprintf(format, args...))
}

// lines prints a text for people line by line, as text does.
func (o *output) lines(text string) {
	for line := range strings.Lines(text) {
		o.text("%s", strings.TrimSuffix(line, "\n"))
	}
}

// layers prints which layers are trained, before the training.
func (o *output) layers(spec model.Spec, trained []string) error {
	table, err := explain.LayerTable(spec, trained)
	o.lines(table)
	return err
}

// note prints a line about the progress of the work.
func (o *output) note(format string, args ...any) {
	o.endBar()
	fmt.Fprintln(o.progress, escape.Sprintf(format, args...))
}

// warn prints what the user must know, even with --quiet.
func (o *output) warn(format string, args ...any) {
	o.endBar()
	fmt.Fprintln(o.errors, o.program.name+": warning:", escape.Sprintf(format, args...))
}

// failure prints an error that does not end the command.
func (o *output) failure(err error) {
	o.endBar()
	fmt.Fprintln(o.errors, o.program.name+":", escape.Text(err.Error()))
}

// list prints to w what is wrong with each of some files, if they are more than the
// few that their error names.
func (o *output) list(bad *dataset.BadFiles, w io.Writer) {
	if len(bad.Errors) <= dataset.BadFilesNamed {
		return
	}
	o.endBar()
	for _, err := range bad.Errors {
		fmt.Fprintln(w, escape.Text(err.Error()))
	}
}

// bar is a progress bar on a terminal; elsewhere it prints a plain line now and then.
type bar struct {
	bar   *progressbar.ProgressBar
	out   *output
	title string
	unit  string
	of    int64
	next  time.Time

	first int64 // done when it was begun, at start
	start time.Time
}

// plainEvery is how often progress is printed where there is no terminal.
const plainEvery = 10 * time.Second

// bar returns the bar of that title, a new one if another was shown. It counts up to
// of, in units such as images.
func (o *output) bar(title, unit string, of int64) *bar {
	if o.current != nil && o.current.title == title {
		return o.current
	}
	o.endBar()
	b := &bar{out: o, title: title, unit: unit, of: of, next: time.Now().Add(plainEvery), first: -1}
	if o.terminal {
		b.bar = progressbar.NewOptions64(of, progressbar.OptionSetWriter(o.progress), progressbar.OptionSetDescription(title),
			progressbar.OptionShowCount(), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(),
			progressbar.OptionSetElapsedTime(false), progressbar.OptionSetPredictTime(false)) // its own rate would count what was done before the bar began
	}
	o.current = b
	return b
}

// images returns what shows how many images are done, in a bar of that title.
func (o *output) images(title string) func(done, of int) {
	return func(done, of int) {
		if o.bar(title, "images", int64(of)).set(int64(done)); done >= of {
			o.endBar()
		}
	}
}

// set says how much is done.
func (b *bar) set(done int64) {
	now := time.Now()
	if b.first < 0 {
		b.first, b.start = done, now
	}
	if b.bar != nil {
		b.bar.Describe(b.title + b.rate(done, now))
		// A bar that cannot be drawn is no reason to stop the work.
		_ = b.bar.Set64(done)
		return
	}
	if now.After(b.next) {
		fmt.Fprintf(b.out.progress, "%s: %d of %d%s\n", b.title, done, b.of, b.rate(done, now))
		b.next = now.Add(plainEvery)
	}
}

// rate says how fast the work goes and how long the rest will take, once there is
// enough to measure. What was done before the bar began does not count.
func (b *bar) rate(done int64, now time.Time) string {
	took := now.Sub(b.start)
	if took < rateFrom || done <= b.first {
		return ""
	}
	perSecond := float64(done-b.first) / took.Seconds()
	left := time.Duration(float64(b.of-done) / perSecond * float64(time.Second)).Round(time.Second)
	digits := 0
	if perSecond < 10 {
		digits = 1
	}
	return fmt.Sprintf(", %.*f %s/s, %v left", digits, perSecond, b.unit, left)
}

// rateFrom is how long a rate is measured before it is shown.
const rateFrom = 500 * time.Millisecond

// endBar clears the bar that is shown, if any.
func (o *output) endBar() {
	if o.current != nil && o.current.bar != nil {
		_ = o.current.bar.Clear()
	}
	o.current = nil
}
