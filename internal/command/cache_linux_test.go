package command

import (
	"strings"
	"syscall"
	"testing"
)

// TestCacheOnFullDisk makes sure that features that the disk has no room for
// are an error that names the folder, and leave nothing there.
func TestCacheOnFullDisk(t *testing.T) {
	disk := tinyDisk(t)
	t.Chdir(t.TempDir())
	for _, memory := range []string{"1", "1GB"} {
		args := withSmall("retrain", "--quiet", "--json", "--from", pretrained(), "--last", "2", "--limit", "400", "--cache-memory", memory, "--cache-dir", disk)
		mnist(t, args...).refused(t, exitFailed, "cache folder", "no space left on device", disk)
		if found := files(t, disk); found != "" {
			t.Errorf("found %q left on the full disk", found)
		}
	}
	t.Setenv("TMPDIR", disk)
	args := withSmall("retrain", "--quiet", "--json", "--from", pretrained(), "--last", "2", "--limit", "400", "--cache-memory", "1")
	mnist(t, args...).refused(t, exitFailed, "file for the features", "no space left on device", disk)
	if found := files(t, disk) + files(t, "."); found != "" {
		t.Errorf("found %q left", found)
	}
}

// TestCacheOnReadOnlyDisk makes sure that what is there serves, and that what
// is not there is an error that names the folder.
func TestCacheOnReadOnlyDisk(t *testing.T) {
	disk := tinyDisk(t)
	t.Chdir(t.TempDir())
	ok(t, retrainSmall("--cache-dir", disk, "--out", "a")...)
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("a read-only disk cannot be tried: mount: %v", err)
	}
	for _, memory := range []string{"1", "1GB"} {
		r := ok(t, retrainSmall("--cache-dir", disk, "--cache-memory", memory, "--out", "b")...)
		if r.last(t)["features"] != "disk" || string(readFile(t, "a")) != string(readFile(t, "b")) {
			t.Errorf("found %v, expected the features that are there, and the same network", r.last(t))
		}
		r = mnist(t, retrainSmall("--quiet", "--cache-dir", disk, "--cache-memory", memory, "--last", "1", "--out", "c")...)
		r.refused(t, exitFailed, "cache folder", "read-only file system", disk)
		if found := files(t, "."); strings.Contains(found, "c") {
			t.Errorf("found %q, expected no network", found)
		}
	}
}
