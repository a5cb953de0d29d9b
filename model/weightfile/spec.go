package weightfile

import (
	"io"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// maxSpec bounds a file with a spec; that of the seed network has 700 bytes.
const maxSpec = 1 << 20

// ReadSpec reads a file that holds a model.Spec as JSON. The error's cause is
// ErrFormat, ErrForeign, model.ErrSpec or one of the operating system.
func ReadSpec(path string) (model.Spec, error) {
	f, size, err := open(path)
	if err != nil {
		return model.Spec{}, err
	}
	defer f.Close()
	c, err := IdentifyBytes(f, size)
	if err != nil {
		return model.Spec{}, errors.Wrap(err, path)
	}
	if c.Format != JSON {
		return model.Spec{}, c.Refusal(path, "a network's layers as JSON")
	}
	if size > maxSpec {
		return model.Spec{}, fault(ErrFormat, path, "size: found %d bytes, expected at most %d of JSON", size, maxSpec)
	}
	text, err := io.ReadAll(io.LimitReader(f, size))
	if err != nil {
		return model.Spec{}, errors.Wrap(err, path)
	}
	spec, err := model.ParseSpec(text)
	return spec, errors.Wrap(err, path)
}
