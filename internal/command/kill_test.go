//go:build unix

package command

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

var kills = flag.Int("kills", 6, "how often TestKill kills the program")

// TestKill kills the program (SIGKILL) at random moments of a training and
// takes the training up again each time: nothing is lost, and the file in the
// end is that of a training that nobody killed.
func TestKill(t *testing.T) {
	slow(t)
	folder := t.TempDir()
	file := func(name string) string { return filepath.Join(folder, name) }
	args := []string{"train", "--data", "sample", "--limit", "200", "--epochs", "2", "--batch", "16", "--quiet"} // 26 steps
	start := time.Now()
	if killedAfter(t, append(args, "--out", file("whole"), "--checkpoint", file("saved"), "--every", "1steps"), time.Hour) {
		t.Fatal("killed before it was meant to be")
	}
	took := time.Since(start) // kills fall into the time that a training takes here
	want := readFile(t, file("whole"))
	if err := os.Remove(file("saved")); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	finished := 0
	for killed := 0; killed < *kills || finished == 0; {
		run := append(args, "--out", file("out"), "--checkpoint", file("saved"), "--every", "1steps")
		if _, err := os.Stat(file("saved")); err == nil {
			run = append(run, "--resume", file("saved"))
		}
		if killedAfter(t, run, time.Duration((0.1+0.9*rng.Float64())*float64(took))) {
			if killed++; killed >= *kills {
				took += took / 2 // none has come to its end: the machine is busier than at first
			}
			continue
		}
		if !bytes.Equal(readFile(t, file("out")), want) {
			t.Fatalf("after %d kills: the file differs from that of a training that nobody killed", killed)
		}
		finished++
		for _, name := range []string{"out", "saved"} { // and again from the start
			if err := os.Remove(file(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%d kills, %d trainings finished with equal files", *kills, finished)
}

// killedAfter runs the program and kills it after that time. It reports false
// when the program was done before.
func killedAfter(t *testing.T, args []string, after time.Duration) bool {
	t.Helper()
	cmd := program(t, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	if err == nil {
		return false
	}
	if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != -1 {
		t.Fatalf("%v: %v: %s", args, err, &stderr)
	}
	return true
}
