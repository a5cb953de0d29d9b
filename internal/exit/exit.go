// Package exit is how the programs end: their exit statuses, which are a part of the
// command-line contract, and the signals that stop them.
package exit

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/pkg/errors"
)

// Exit statuses.
const (
	Done        = 0
	Failed      = 1
	Usage       = 2
	Interrupted = 128 // plus the signal's number: 130 for Ctrl-C
)

// UsageError is a command line that is wrong.
type UsageError struct{ error }

func (e UsageError) Unwrap() error { return e.error }

// Wrong returns err as a UsageError, nil for nil.
func Wrong(err error) error {
	if err == nil {
		return nil
	}
	return UsageError{err}
}

// Signal is the cause of a context that a signal ended.
type Signal struct{ syscall.Signal }

func (s Signal) Error() string { return "stopped by a signal: " + s.Signal.String() }

// UntilSignal returns a context that SIGINT or SIGTERM ends. A second signal ends the
// program at once.
func UntilSignal() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			if s, ok := s.(syscall.Signal); ok {
				cancel(Signal{s})
			}
		case <-ctx.Done():
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// Stopped returns the signal that ended a command with this context and error, if one
// did.
func Stopped(ctx context.Context, err error) (s Signal, stopped bool) {
	stopped = errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &s)
	return s, stopped
}

// Status returns the status of a command that ended with this context and error.
func Status(ctx context.Context, err error) int {
	if s, stopped := Stopped(ctx, err); stopped {
		return Interrupted + int(s.Signal)
	}
	var wrong UsageError
	switch {
	case err == nil:
		return Done
	case errors.As(err, &wrong):
		return Usage
	}
	return Failed
}
