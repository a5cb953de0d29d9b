package train

import (
	"bytes"
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
				ready, err := p.read(path, func(use func(image.Image) error) error { return dataset.UseImage(ctx, path, use) })
				file <- readFile{ready, err}
			}()
		}
	}()
	return files
}

// read prepares the image that decode passes on.
func (p *Predictor) read(name string, decode func(use func(image.Image) error) error) (prepared, error) {
	made := make(chan prepared, 1) // when the context is done, the image may still be worked on
	err := decode(func(img image.Image) error {
		ready, err := p.prepare(img)
		made <- ready
		return errors.Wrap(err, name)
	})
	if err != nil {
		return prepared{}, err
	}
	return <-made, nil
}

// Contents predicts image files in memory, a batch at a time; names are for errors.
// All of them are decoded and prepared before the network runs: pass some dozens.
// failed[i] is nil, or says why file i cannot be read or is blank.
func (p *Predictor) Contents(ctx context.Context, names []string, contents [][]byte) (answers []Prediction, failed []error, err error) {
	if err := p.check(); err != nil {
		return nil, nil, err
	}
	if len(names) != len(contents) {
		return nil, nil, errors.Wrapf(ErrData, "predict: found %d names of %d files, expected one each", len(names), len(contents))
	}
	ready := make([]prepared, len(contents))
	answers, failed = make([]Prediction, len(contents)), make([]error, len(contents))
	parallel.For(len(contents), func(_, i int) {
		ready[i], failed[i] = p.read(names[i], func(use func(image.Image) error) error {
			return dataset.UseImageFrom(ctx, bytes.NewReader(contents[i]), names[i], use)
		})
	})
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	var good []int
	var all []byte // [len(good),C,H,W]
	for i := range ready {
		if failed[i] == nil {
			good, all = append(good, i), append(all, ready[i].pixels...)
		}
	}
	if len(good) == 0 {
		return answers, failed, nil
	}
	set, err := p.set(prepared{shape: ready[good[0]].shape, pixels: all}, len(good))
	if err != nil {
		return nil, nil, err
	}
	err = p.Each(ctx, set, func(n int, q Prediction) error {
		q.Note = ready[good[n]].note
		answers[good[n]] = q
		return nil
	})
	return answers, failed, err
}
