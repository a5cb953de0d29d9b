package main

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestResume makes sure that a training whose checkpoint is taken up again
// writes the very file of one without a break, in the middle of an epoch, at
// its end, with and without the cut, and by each solver.
func TestResume(t *testing.T) {
	retrain := []string{"retrain", "--data", "sample", "--classes", "5-7", "--limit", "90", "--epochs", "3", "--batch", "16"} // 6 steps an epoch
	from := []string{"--from", pretrained()}
	for name, flags := range map[string][]string{
		"mid-epoch":    {"--every", "4steps"},
		"end of epoch": {"--every", "2epochs", "--validation", "0.2", "--patience", "3"},
		"no cut":       {"--every", "7steps", "--no-cache", "--solver", "adam", "--lr", "0.001"},
		"two layers":   {"--every", "5steps", "--last", "2", "--solver", "sgd"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			file := func(name string) string { return filepath.Join(folder, name) }
			args := append(append([]string{}, retrain...), flags...)
			ok(t, append(append(args, from...), "--out", file("whole"), "--checkpoint", file("saved"))...)
			ok(t, append(args, "--resume", file("saved"), "--out", file("resumed"))...)
			if !bytes.Equal(readFile(t, file("whole")), readFile(t, file("resumed"))) {
				t.Error("the resumed training wrote another file than the one without a break")
			}
		})
	}
}

func TestResumeRefusesAnotherTraining(t *testing.T) {
	folder := t.TempDir()
	saved, out := filepath.Join(folder, "saved"), filepath.Join(folder, "out")
	args := []string{"retrain", "--data", "sample", "--classes", "5-7", "--limit", "60", "--epochs", "1", "--batch", "16", "--out", out}
	ok(t, append(args, "--from", pretrained(), "--checkpoint", saved)...)
	for _, test := range []struct {
		reason string
		flags  []string
		words  []string
	}{
		{"another batch size", []string{"--batch", "8"}, []string{"batch was 16, is 8"}},
		{"other data", []string{"--limit", "30"}, []string{"data was"}},
		{"other epochs under a schedule that knows them", []string{"--epochs", "2"}, []string{"epochs was 1, is 2"}},
		{"another selection", []string{"--last", "2"}, []string{"train was the last layer, is the last 2 layers"}},
		{"another solver and rate", []string{"--solver", "adam", "--lr", "0.5"}, []string{"solver was momentum, is adam", "lr was 0.02, is 0.5"}},
	} {
		t.Run(test.reason, func(t *testing.T) {
			mnist(t, append(append(append([]string{}, args...), "--resume", saved), test.flags...)...).refused(t, exitUsage, test.words...)
		})
	}
	mnist(t, append(args, "--resume", out)...).refused(t, exitFailed, "without the state of a training")
	mnist(t, append(args, "--resume", saved, "--from", pretrained())...).refused(t, exitUsage, "--from", "--resume")
	mnist(t, append(args, "--from", pretrained(), "--checkpoint", saved, "--every", "5parsecs")...).refused(t, exitUsage, "parsec")
	mnist(t, append(args, "--from", pretrained(), "--checkpoint", filepath.Join(folder, "none", "x"))...).refused(t, exitFailed, "none")
}
