package command

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// tinyDisk mounts a file system of two megabytes, a sixth of a network, or
// skips the test where that is not allowed.
func tinyDisk(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("a full or read-only disk cannot be tried: mount: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return folder
}

func TestFullDisk(t *testing.T) {
	slow(t)
	disk := tinyDisk(t)
	out := filepath.Join(disk, "out.safetensors")
	writeFile(t, out, []byte("old"))
	for _, args := range [][]string{
		withSmall("train", "--quiet", "--json", "--out", out),
		withSmall("retrain", "--quiet", "--json", "--from", pretrained(), "--out", out),
		{"convert", pretrained(), out}, {"convert", pretrained(), filepath.Join(disk, "out.npz")}, {"convert", pretrained(), filepath.Join(disk, "out.onnx")},
	} {
		mnist(t, args...).refused(t, exitFailed, "no space left on device", disk)
		if found := files(t, disk); found != "out.safetensors" || string(readFile(t, out)) != "old" {
			t.Errorf("%v: left %s, or it changed the old file", args, found)
		}
	}
}

// TestFullDiskForCheckpoints fills the disk of the checkpoint alone: the network
// is written all the same.
func TestFullDiskForCheckpoints(t *testing.T) {
	slow(t)
	disk := tinyDisk(t)
	t.Chdir(t.TempDir())
	r := mnist(t, withSmall("train", "--quiet", "--out", "out", "--every", "1steps", "--checkpoint", filepath.Join(disk, "saved"))...)
	if r.status != exitFailed || strings.Count(r.err, "\n") != 2 || strings.Count(r.err, "no space left on device") != 2 || files(t, disk) != "" {
		t.Errorf("exit status %d, %q, and on the full disk %q", r.status, r.err, files(t, disk))
	}
	ok(t, "eval", "--model", "out", "--data", "sample", "--quiet")
}

func TestReadOnlyDisk(t *testing.T) {
	disk := tinyDisk(t)
	out := filepath.Join(disk, "out.safetensors")
	writeFile(t, out, []byte("old"))
	if err := syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skipf("a read-only disk cannot be tried: mount: %v", err)
	}
	for _, args := range [][]string{
		withSmall("train", "--out", out), withSmall("retrain", "--from", pretrained(), "--out", out), {"convert", pretrained(), out},
	} {
		r := mnist(t, args...)
		r.refused(t, exitFailed, "read-only file system", out)
		if found := files(t, disk); found != "out.safetensors" || string(readFile(t, out)) != "old" || r.out != "" {
			t.Errorf("%v: left %s, printed %q, or it changed the old file", args, found, r.out)
		}
	}
}
