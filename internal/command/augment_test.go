package command

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestAugmentResumes makes sure that a training on images that change with each
// epoch is the same after a break, in the middle of an epoch and between two.
func TestAugmentResumes(t *testing.T) {
	slow(t)
	from := pretrained()
	for name, args := range map[string][]string{
		"train":   withSmall("train", "--epochs", "3", "--batch", "16", "--augment", "shift,rotate", "--validation", "0.2", "--patience", "2"), // 2 steps an epoch
		"retrain": withSmall("retrain", "--epochs", "3", "--batch", "16", "--no-cache", "--augment", "rotate", "--from", from),
		"copies":  withSmall("retrain", "--epochs", "2", "--batch", "16", "--augment-copies", "2", "--augment", "shift", "--from", from),
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			file := func(name string) string { return filepath.Join(folder, name) }
			for _, every := range []string{"3steps", "1epochs"} {
				saved := append(args[:len(args):len(args)], "--every", every, "--checkpoint", file(every))
				// The break is where the last checkpoint was written.
				ok(t, append(saved, "--out", file("whole"))...)
				resumed := strings.Split(strings.ReplaceAll(strings.Join(args, "\n"), "--from\n"+from, "--resume\n"+file(every)), "\n")
				if name == "train" {
					resumed = append(resumed, "--resume", file(every))
				}
				ok(t, append(resumed, "--out", file("resumed"))...)
				if !bytes.Equal(readFile(t, file("whole")), readFile(t, file("resumed"))) {
					t.Errorf("%s: the resumed training wrote another file than the one without a break", every)
				}
				mnist(t, append(resumed, "--augment", "shift,rotate", "--seed", "2", "--out", file("x"))...).refused(t, exitUsage, "the checkpoint is of another training")
			}
		})
	}
}

// TestAugment makes sure that --augment changes what is learnt, alike each time.
func TestAugment(t *testing.T) {
	slow(t)
	from := pretrained()
	t.Chdir(t.TempDir())
	networks := map[string]string{}
	for name, args := range map[string][]string{
		"plain": withSmall("train"), "shift": withSmall("train", "--augment", "shift"),
		"both": withSmall("train", "--augment", "shift,rotate"), "both again": withSmall("train", "--augment", "rotate,shift"),
		"head": withSmall("retrain", "--from", from), "copies": withSmall("retrain", "--from", from, "--augment", "shift", "--augment-copies", "2"),
		"fewer copies": withSmall("retrain", "--from", from, "--augment", "shift", "--augment-copies", "1"),
		"no cut":       withSmall("retrain", "--from", from, "--augment", "shift", "--no-cache"),
	} {
		ok(t, append(args, "--quiet", "--out", "m")...)
		network := string(readFile(t, "m"))
		if other := networks[network]; other != "" && !strings.HasPrefix(name, "both") {
			t.Errorf("%s and %s made the same network", name, other)
		}
		networks[network] = name
	}
	if len(networks) != 7 {
		t.Errorf("found %d networks, expected 7: the order of the changes must not matter, all else must", len(networks))
	}
}

// TestAugmentCopiesAreKept makes sure that the cache folder knows copies apart,
// and that their cost is told.
func TestAugmentCopiesAreKept(t *testing.T) {
	slow(t)
	pretrained()
	t.Chdir(t.TempDir())
	for i, test := range []struct {
		more     string
		features string
	}{
		{"", "memory"}, {"--augment shift --augment-copies 3", "memory"}, {"--augment shift --augment-copies 3", "disk"},
		{"--augment rotate --augment-copies 3", "memory"}, {"--augment shift --augment-copies 2", "memory"}, {"", "disk"},
	} {
		r := ok(t, retrainSmall(append(strings.Fields(test.more), "--cache-dir", "c", "--out", "m")...)...)
		if got := r.last(t)["features"]; got != test.features {
			t.Errorf("%d, %q: found features from %v, expected %s", i, test.more, got, test.features)
		}
		if cost := "3 changed copies: an epoch has 160 images instead of 40; features of 1.9 MiB instead of 490 KiB, for about "; strings.Contains(test.more, "copies 3") && !strings.Contains(r.err, cost) {
			t.Errorf("%q: found %q, expected the cost", test.more, r.err)
		}
	}
}

func TestAugmentIsReported(t *testing.T) {
	pretrained()
	t.Chdir(t.TempDir())
	ok(t, retrainSmall("--augment", "rotate,shift", "--augment-copies", "2", "--report", "r", "--out", "m")...)
	page, err := filepath.Glob("r/*.html")
	if err != nil || len(page) != 1 || !strings.Contains(string(readFile(t, page[0])), "shift,rotate in 2 copies") {
		t.Errorf("found the pages %v, expected one with the augmentation", page)
	}
}

func TestAugmentUsage(t *testing.T) {
	for word, args := range map[string][]string{
		"found \"mirror\"":           withSmall("train", "--augment", "mirror"),
		"unknown flag":               withSmall("train", "--augment", "shift", "--augment-copies", "2"),
		"give --augment-copies 5":    retrainSmall("--augment", "shift"),
		"--augment-copies: found 2":  retrainSmall("--augment-copies", "2"),
		"--augment-copies: found -1": retrainSmall("--augment-copies", "-1"),
		"[augment-copies no-cache]":  retrainSmall("--augment", "shift", "--augment-copies", "2", "--no-cache"),
	} {
		mnist(t, args...).refused(t, exitUsage, word)
	}
}
