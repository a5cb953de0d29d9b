package exit

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/pkg/errors"
)

// TestStatus gives commands that end in each way their exit status.
func TestStatus(t *testing.T) {
	ended := func(cause error) context.Context {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		return ctx
	}
	failed := errors.New("no such file")
	stopped := errors.Wrap(context.Canceled, "epoch 3")
	for _, test := range []struct {
		reason string
		ctx    context.Context
		err    error
		want   int
	}{
		{"done", t.Context(), nil, 0},
		{"failed", t.Context(), failed, 1},
		{"a wrong command line", t.Context(), errors.Wrap(Wrong(failed), "train"), 2},
		{"a command line without a fault", t.Context(), Wrong(nil), 0},
		{"Ctrl-C", ended(Signal{syscall.SIGINT}), stopped, 130},
		{"SIGTERM", ended(Signal{syscall.SIGTERM}), stopped, 143},
		{"done before the signal had an effect", ended(Signal{syscall.SIGINT}), nil, 0},
		{"failed beside a signal", ended(Signal{syscall.SIGINT}), failed, 1},
		{"ended by the program itself", ended(nil), stopped, 1},
	} {
		if found := Status(test.ctx, test.err); found != test.want {
			t.Errorf("%s: found the status %d, expected %d", test.reason, found, test.want)
		}
	}
	if err := Wrong(failed); err.Error() != failed.Error() || !errors.Is(err, failed) {
		t.Errorf("found %v, expected an error that says and is %v", err, failed)
	}
}

// TestUntilSignal sends the process a signal that would end it.
func TestUntilSignal(t *testing.T) {
	ctx, stop := UntilSignal()
	defer stop()
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Signal(os.Interrupt)
	}
	if err != nil {
		t.Skip("no signal can be sent here:", err)
	}
	<-ctx.Done()
	s, stopped := Stopped(ctx, ctx.Err())
	if !stopped || s.Signal != syscall.SIGINT || Status(ctx, ctx.Err()) != 130 || fmt.Sprint(s) != "stopped by a signal: interrupt" {
		t.Errorf("found %v, %v, expected the interrupt", s, stopped)
	}
}

// TestStoppedWithoutSignal ends the context without one, as a command does in the end.
func TestStoppedWithoutSignal(t *testing.T) {
	ctx, stop := UntilSignal()
	stop()
	<-ctx.Done()
	if s, stopped := Stopped(ctx, ctx.Err()); stopped {
		t.Errorf("found %v, expected no signal", s)
	}
}
