//go:build unix

package command

import (
	"strings"
	"syscall"
	"testing"

	"github.com/lastlayer/lastlayer/internal/command/report"
)

// TestReportOfInterrupted ends a training after its first epochs: what was done
// until then is reported.
func TestReportOfInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	cmd := program(t, withSmall("train", "--epochs", "100000", "--json", "--out", "out", "--report", "r")...)
	lines, _ := started(t, cmd)
	var printed strings.Builder
	for lines.Scan() {
		if printed.Len() == 0 {
			if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Error(err)
			}
		}
		printed.WriteString(lines.Text() + "\n")
	}
	cmd.Wait() // its error is the exit status
	if status := cmd.ProcessState.ExitCode(); status != 130 {
		t.Errorf("exit status %d, expected 130", status)
	}
	page := wantInPage(t, ran{args: "train"}, "r", "<strong>Interrupted</strong>: stopped by a signal: interrupt", "of 100000 epochs were trained", "The test images were not run")
	if strings.Contains(page, `id="confusion"`) {
		t.Error("found a confusion matrix of test images that were not run")
	}
	if got := string(readFile(t, "r/"+report.Metrics)); got != printed.String() || got == "" {
		t.Errorf("found the figures\n%s, expected those printed\n%s", got, printed.String())
	}
	if found := files(t, "r"); found != "accuracy.png accuracy.svg index.html kernels.png kernels.svg loss.png loss.svg metrics.jsonl" {
		t.Errorf("found the files %s", found)
	}
}
