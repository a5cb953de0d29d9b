package dataset

import (
	"context"
	"image"
	"io"
	"os"
	"syscall"

	"github.com/pkg/errors"
)

// ReadImage reads an image file as DecodeImage does. The file may be a pipe: ReadImage returns when
// ctx is done, even if nothing comes through it.
func ReadImage(ctx context.Context, path string) (image.Image, error) {
	return untilDone(ctx, func() (image.Image, error) {
		f, err := openUnblocked(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return DecodeImage(f, path)
	})
}

// openUnblocked opens a file. Opening a pipe waits for a writer, unless it is told
// not to.
func openUnblocked(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// UseImage is ReadImage for one of many: it calls use with the image, once the images in use at
// that time take at most 256 MiB to decode.
func UseImage(ctx context.Context, path string, use func(image.Image) error) error {
	_, err := untilDone(ctx, func() (image.Image, error) {
		f, err := openUnblocked(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return nil, useImage(ctx, f, path, use)
	})
	return err
}

// UseImageFrom is UseImage of an open reader, such as one of a bucket; name is for messages. After ctx
// ended it, a Read may still be waiting.
func UseImageFrom(ctx context.Context, r io.Reader, name string, use func(image.Image) error) error {
	if isNil(r) {
		return errors.Wrapf(ErrArgument, "%s: found nothing to read", printable(name))
	}
	_, err := untilDone(ctx, func() (image.Image, error) { return nil, useImage(ctx, r, name, use) })
	return err
}

func useImage(ctx context.Context, r io.Reader, name string, use func(image.Image) error) error {
	content, err := io.ReadAll(io.LimitReader(r, MaxImageFile+1))
	if err != nil {
		return errors.Wrap(err, printable(name))
	}
	return imageFile{path: name, content: content}.decoded(ctx, use)
}

// ReadImageFrom is ReadImage of an open reader, such as standard input; name is for messages. After
// ctx ended it, a Read may still be waiting.
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
