package feature

import (
	"bytes"
	"context"
	"crypto/sha256"
	"image"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Photo is an image file in memory, with its features.
type Photo struct {
	Name    string // for errors
	Content []byte // PNG, JPEG, WebP, GIF, BMP or TIFF

	Values []float32         // set by Trunk.Photos
	Sum    [sha256.Size]byte // SHA-256 of Content, as in Row; also set by Trunk.Photos
	Err    error             // why the file cannot be read; nil if Values is set
}

// Photos decodes and prepares photos for the network on all cores, runs the trunk over
// them, and fills in the results. Each photo's features are identical to those of
// Features, whatever the other photos are. A photo that cannot be read gets its own Err
// and does not affect the others. The network must be a photo network; otherwise the
// error's cause is model.ErrData. Do not use a Trunk from several goroutines at once.
func (t *Trunk) Photos(ctx context.Context, photos []Photo) error {
	if t == nil || t.network == nil {
		return errors.Wrap(model.ErrNetwork, "photos: found no trunk, expected one that NewTrunk made")
	}
	prep, shape := t.network.Prep, t.network.Spec.Input
	if !prep.IsPhoto() {
		return errors.Wrap(model.ErrData, "photos: found a network of drawings, expected one of photos")
	}
	if t.empty() {
		return errors.Wrap(model.ErrData, "photos: nothing is below the lowest trained layer: there are no features")
	}
	if err := prep.CheckShape(shape); err != nil {
		return errors.Wrap(model.ErrData, "photos: "+err.Error())
	}
	decoded := make([][]byte, len(photos))
	parallel.For(len(photos), func(_, i int) {
		p := &photos[i]
		p.Values, p.Sum, p.Err = nil, sha256.Sum256(p.Content), ctx.Err()
		if p.Err == nil {
			decoded[i], p.Err = pixels(ctx, p, shape, prep)
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	var good []int
	var all []byte // [len(good),C,H,W]
	for i := range photos {
		if photos[i].Err == nil {
			good, all = append(good, i), append(all, decoded[i]...)
		}
		decoded[i] = nil
	}
	if len(good) == 0 {
		return nil
	}
	set, err := dataset.NewSet("photos", shape, all, make([]int, len(good)), []string{"0"}, prep)
	if err != nil {
		return err
	}
	if err := t.build(); err != nil {
		return err
	}
	return t.run(ctx, set, nil, func(first int, values []float32) error {
		size := t.cut.Size()
		for i := range len(values) / size {
			photos[good[first+i]].Values = append([]float32(nil), values[i*size:(i+1)*size]...)
		}
		return nil
	})
}

// pixels returns the bytes of a photo as the network's input, [3,H,W].
func pixels(ctx context.Context, p *Photo, shape []int, prep dataset.Preprocessing) ([]byte, error) {
	made := make(chan []byte, 1) // when ctx is done, decoding may still go on
	err := dataset.UseImageFrom(ctx, bytes.NewReader(p.Content), p.Name, func(img image.Image) error {
		pixels, err := prep.Photo.Pixels(img, shape[1], shape[2])
		made <- pixels
		return err
	})
	if err != nil {
		return nil, err
	}
	return <-made, nil
}
