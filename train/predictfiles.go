package train

import (
	"context"
	"image"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
)

// Files predicts image files, in order, and reads ahead. For a file that cannot be
// read, or is blank, f gets an error instead of a prediction; an error of f's ends
// it.
func (p *Predictor) Files(ctx context.Context, paths []string, f func(path string, q Prediction, err error) error) error {
	if err := p.check(); err != nil {
		return err
	}
	if f == nil {
		return errors.New("predict: found no function to call")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	files := p.readAhead(ctx, paths)
	for _, path := range paths {
		file, more := <-files
		if !more {
			return ctx.Err()
		}
		read := <-file
		if err := ctx.Err(); err != nil {
			return err
		}
		q, err := Prediction{}, read.err
		if err == nil {
			q, err = p.one(read.prepared)
			err = errors.Wrap(err, path)
		}
		if err := f(path, q, err); err != nil {
			return err
		}
	}
	return nil
}

// readFile is a file as the network takes it.
type readFile struct {
	prepared
	err error
}

// readAhead reads files on as many goroutines as there are threads, as long as ctx
// is not done, and returns what hands them on in their order.
func (p *Predictor) readAhead(ctx context.Context, paths []string) <-chan chan readFile {
	files := make(chan chan readFile, parallel.Threads())
	go func() {
		defer close(files)
		for _, path := range paths {
			file := make(chan readFile, 1)
			select {
			case files <- file:
			case <-ctx.Done():
				return
			}
			go func() {
				var read readFile
				read.err = dataset.UseImage(ctx, path, func(img image.Image) (err error) {
					read.prepared, err = p.prepare(img)
					return errors.Wrap(err, path)
				})
				file <- read
			}()
		}
	}()
	return files
}
