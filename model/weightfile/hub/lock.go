package hub

import (
	"context"
	"os"
	"path"
	"time"

	"github.com/pkg/errors"
)

// lock waits until no other process downloads the same blob. Hugging Face's
// library takes the same lock. Its file stays: removing it would race.
func (s *store) lock(ctx context.Context, hash string) (unlock func(), err error) {
	f, err := s.root.OpenFile(path.Join(".locks", s.folder, hash+".lock"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, errors.Wrap(err, "the hub's cache")
	}
	for {
		held, err := tryLock(f)
		if err != nil {
			f.Close()
			return nil, errors.Wrap(err, "the hub's cache: lock")
		}
		if held {
			return func() { f.Close() }, nil // which gives the lock back
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, errors.Wrap(context.Cause(ctx), "waiting for another download of the same file")
		case <-time.After(100 * time.Millisecond):
		}
	}
}
