package dataset

import (
	"context"
	"image"
	"io"
	"os"
	"syscall"
)

// ReadImage reads an image file as DecodeImage does. The file may be a pipe that others write to: it
// returns when ctx is done, whatever comes through it.
func ReadImage(ctx context.Context, path string) (image.Image, error) {
	return untilDone(ctx, func() (image.Image, error) {
		// Opening a pipe waits for a writer, unless it is told not to.
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return DecodeImage(f, path)
	})
}

// ReadImageFrom is ReadImage for what is open, as standard input; name is for messages. Where ctx ends
// it, a Read may still wait.
func ReadImageFrom(ctx context.Context, r io.Reader, name string) (image.Image, error) {
	return untilDone(ctx, func() (image.Image, error) { return DecodeImage(r, name) })
}

// untilDone returns what read returns, or ctx's error if that comes first.
func untilDone(ctx context.Context, read func() (image.Image, error)) (image.Image, error) {
	type result struct {
		image image.Image
		err   error
	}
	done := make(chan result, 1)
	go func() {
		img, err := read()
		done <- result{img, err}
	}()
	select {
	case r := <-done:
		return r.image, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
