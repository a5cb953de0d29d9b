// Command bench measures lastlayer and its peers side by side and compares the results
// with the targets: see README.md.
//
//	go run ./bench [-runs N] [-only PATTERN] [-quick]
//
// Every figure comes from a fresh process. Each round runs all commands, ours and the
// peer's in turn. The results go to results.json, .md and .svg in bench/out. After a
// full run without failures they also go to RESULTS.md and results.svg in bench.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"

	"github.com/pkg/errors"
)

// bench is one run of this program.
type bench struct {
	rows      []row
	commands  map[string]command
	variables map[string]string
	machine   map[string]string
	quick     bool
	done      int // rounds
	outcomes  map[string][]outcome
	failed    map[string]string // reason why a command has no figure
}

// usualRuns is the minimum number of rounds for publishable figures.
const usualRuns = 5

func main() {
	runs := flag.Int("runs", usualRuns, "rounds, of which the median counts")
	only := flag.String("only", "", "measure only the rows whose name matches this regular expression")
	quick := flag.Bool("quick", false, "little work and one round: a test of the machinery, no figures to quote")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *runs, *only, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, runs int, only string, quick bool) error {
	b, err := newBench(only, quick)
	if err != nil {
		return err
	}
	if quick {
		runs = 1
	}
	if runs < 1 {
		return errors.Errorf("-runs: found %d, expected from 1", runs)
	}
	if err := enterRoot(ctx); err != nil {
		return err
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	for b.done < runs && ctx.Err() == nil {
		b.round(ctx)
		if err := b.summarise().write(out); err != nil {
			return err
		}
	}
	res := b.summarise()
	fmt.Print(res.markdown())
	if ctx.Err() != nil {
		return errors.Errorf("stopped after %d of %d rounds", b.done, runs)
	}
	if n := b.missing(); n > 0 {
		return errors.Errorf("%d commands gave no figure: see above", n)
	}
	if !quick && only == "" && runs >= usualRuns {
		return res.publish("bench")
	}
	return nil
}

// missing counts the commands that failed.
func (b *bench) missing() int {
	n := 0
	for _, name := range needed(b.rows) {
		if b.failed[name] != "" {
			n++
		}
	}
	return n
}

// newBench selects the rows.
func newBench(only string, quick bool) (*bench, error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, errors.Wrap(err, "-only")
	}
	b := &bench{quick: quick, commands: fullSizes.commands(), outcomes: map[string][]outcome{}, failed: map[string]string{}}
	if quick {
		b.commands = quickSizes.commands()
	}
	for _, r := range rows {
		if pattern.MatchString(r.Key) {
			b.rows = append(b.rows, r)
		}
	}
	if b.rows == nil {
		return nil, errors.Errorf("-only: no row's name matches %q; they are those in the chart, as %q", only, rows[0].Key)
	}
	return b, nil
}

// round runs every command once. Every other round runs in reverse order, so that
// neither side always comes first.
func (b *bench) round(ctx context.Context) {
	names := needed(b.rows)
	if b.done%2 == 1 {
		slices.Reverse(names)
	}
	for _, name := range names {
		if b.failed[name] != "" {
			continue
		}
		start := time.Now()
		o, err := runCommand(ctx, b.commands[name], b.variables)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			b.failed[name] = err.Error()
			b.note("round %d: %v", b.done+1, err)
			continue
		}
		b.outcomes[name] = append(b.outcomes[name], o)
		b.note("round %d: %-22s %6.1f s", b.done+1, name, time.Since(start).Seconds())
	}
	b.done++
}

func (b *bench) note(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
