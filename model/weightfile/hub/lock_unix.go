//go:build unix

package hub

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes an exclusive lock, unless another process has it. A file system
// without locks is used without.
func tryLock(f *os.File) (bool, error) {
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err {
	case nil, unix.ENOSYS, unix.ENOTSUP, unix.ENOLCK:
		return true, nil
	case unix.EWOULDBLOCK, unix.EINTR:
		return false, nil
	default:
		return false, err
	}
}
