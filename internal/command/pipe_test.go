//go:build unix

package command

import (
	"syscall"
	"testing"
	"time"
)

// TestPipesAreRefused names a pipe without a writer wherever a flag or an argument
// names a file to read. Opening it would wait for ever; predict alone takes pipes.
func TestPipesAreRefused(t *testing.T) {
	from := pretrained()
	t.Chdir(t.TempDir())
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Skip("no pipes here:", err)
	}
	for _, args := range [][]string{
		{"show", from, "--labels", "pipe"},
		{"show", "pipe"},
		{"convert", "pipe", "out.safetensors"},
		{"convert", from, "out.safetensors", "--spec", "pipe"},
		{"eval", "--model", "pipe", "--data", "sample"},
		{"eval", "--model", from, "--data", "pipe"},
		{"retrain", "--from", "pipe", "--data", "sample"},
		{"retrain", "--resume", "pipe", "--data", "sample"},
		{"train", "--resume", "pipe", "--data", "sample"},
		{"predict", "--model", "pipe", "seven.png"},
		{"explain", "--from", from, "--image", "pipe"},
	} {
		done := make(chan ran, 1)
		go func() { done <- mnist(t, append(args, "--quiet")...) }()
		select {
		case r := <-done:
			if r.status != exitFailed && r.status != exitUsage {
				t.Errorf("%s: found status %d", r.args, r.status)
			}
			r.refused(t, r.status, "pipe")
		case <-time.After(time.Minute):
			t.Fatalf("%v: waits for the pipe's writer", args)
		}
	}
	if found := files(t, "."); found != "pipe" {
		t.Errorf("left the files %s", found)
	}
}
