//go:build unix

package command

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignals ends trainings in the midst of their second epoch.
func TestSignals(t *testing.T) {
	t.Chdir(t.TempDir())
	for i, test := range []struct {
		signal syscall.Signal
		status int
		args   []string
	}{
		{syscall.SIGINT, 130, []string{"train"}},
		{syscall.SIGTERM, 143, []string{"train"}},
		{syscall.SIGINT, 130, []string{"retrain", "--from", pretrained(), "--no-cache", "--last", "2"}},
		{syscall.SIGTERM, 143, []string{"retrain", "--from", pretrained()}},
	} {
		if testing.Short() && i%3 != 0 {
			continue
		}
		cmd := program(t, slices.Concat(test.args, small, []string{"--epochs", "100000", "--json", "--out", "out"})...)
		lines, stderr := started(t, cmd)
		if !lines.Scan() || !strings.HasPrefix(lines.Text(), `{"epoch":1,`) {
			t.Errorf("%v: found %q, expected the first epoch", test.args, lines.Text())
		}
		if err := cmd.Process.Signal(test.signal); err != nil {
			t.Error(err)
		}
		for lines.Scan() { // until the program closes it
			if strings.Contains(lines.Text(), `"done"`) {
				t.Errorf("%v: found %q of a training that was stopped", test.args, lines.Text())
			}
		}
		cmd.Wait() // its error is the exit status
		if status := cmd.ProcessState.ExitCode(); status != test.status {
			t.Errorf("%v: exit status %d, expected %d", test.args, status, test.status)
		}
		said := strings.Split(strings.TrimSpace(stderr.String()), "\n")
		if len(said) != 3 || !strings.Contains(said[1], "saved what was learnt so far to out") || said[2] != "mnist: stopped by a signal: "+test.signal.String() {
			t.Errorf("%v: found on standard error %q", test.args, said)
		}
		if found := files(t, "."); found != "out" {
			t.Errorf("%v: found the files %q, expected the saved network alone", test.args, found)
		}
		ok(t, "eval", "--model", "out", "--data", "sample", "--quiet")
	}
}

// TestPredictOnPipes gives predict pipes through which nothing comes. It must not
// wait where nobody holds the other end, and obey a signal where somebody does.
func TestPredictOnPipes(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o666); err != nil {
		t.Skip("no pipes here:", err)
	}
	mnist(t, "predict", "--model", pretrained(), "pipe").refused(t, exitFailed, "pipe")
	for _, input := range []string{"-", "pipe", "/dev/stdin"} {
		cmd := program(t, "predict", "--model", pretrained(), "none.png", input)
		hold, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if input == "pipe" { // for reading too, lest this waits
			writer, err := os.OpenFile(input, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer writer.Close()
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stderr)
		if !lines.Scan() || !strings.Contains(lines.Text(), "none.png") {
			t.Errorf("%s: found %q, expected the error of the file before it", input, lines.Text())
		}
		time.Sleep(50 * time.Millisecond) // it is at the pipe by then, or soon
		asked := time.Now()
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		var said string
		for lines.Scan() {
			said += lines.Text()
		}
		cmd.Wait() // its error is the exit status
		stuck.Stop()
		if status := cmd.ProcessState.ExitCode(); status != 130 || said != "mnist: stopped by a signal: interrupt" {
			t.Errorf("%s: exit status %d after %v, and %q; expected 130", input, status, time.Since(asked), said)
		}
		hold.Close()
	}
}
