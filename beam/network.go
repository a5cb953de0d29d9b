package beam

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path"
	"path/filepath"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer/feature"
	"github.com/lastlayer/lastlayer/transfer/foreign"
	"github.com/pkg/errors"
)

// Network says which network to run.
type Network struct {
	File   string // lastlayer's own format, ONNX, or foreign weights with Arch; on any of Beam's file systems that the workers can reach
	Arch   string // architecture of the weights, if the file does not name it: as foreign.Origin.Arch
	Preset string // how photos are prepared, if the file does not say: as foreign.Origin.Preset
	Kernel string // for matrix products: one of model.Kernels that every worker supports; "" for each worker's fastest
}

// source is a network as the workers get it. They refuse a file with another SHA-256.
type source struct {
	Network Network
	SHA256  string // of the file
}

// loaded is a network that has been read, shared by everything in the process.
type loaded struct {
	network *model.Network

	mu        sync.Mutex // one image at a time, each on all cores
	trunk     *feature.Trunk
	predictor *train.Predictor
}

// predicted is the number of images predicted at a time.
const predicted = 8

var (
	networksMu sync.Mutex
	networks   = map[source]*loaded{}
)

// open reads the network, or returns the one another bundle of this process has read. A
// source without a SHA256 accepts any file.
func (s *source) open(ctx context.Context) (*loaded, error) {
	networksMu.Lock()
	defer networksMu.Unlock()
	if n := networks[*s]; n != nil {
		return n, nil
	}
	n, sum, err := s.Network.read(ctx)
	if err != nil {
		return nil, err
	}
	if s.SHA256 != "" && s.SHA256 != sum {
		return nil, errors.Errorf("%s: the file has changed since the pipeline began", s.Network.File)
	}
	s.SHA256 = sum
	networks[*s] = &loaded{network: n}
	return networks[*s], nil
}

// read reads the network and the SHA-256 of its file.
func (n Network) read(ctx context.Context) (*model.Network, string, error) {
	if n.Kernel != "" && n.Kernel != model.Kernel() {
		if err := model.UseKernel(n.Kernel); err != nil {
			return nil, "", errors.Wrap(ErrJob, err.Error())
		}
	}
	file, sum, err := n.here(ctx)
	if err != nil {
		return nil, "", err
	}
	if file != n.File {
		defer func() { _ = os.RemoveAll(filepath.Dir(file)) }() // the network has been read
	}
	r, err := foreign.Open(ctx, file, foreign.OpenOptions{Origin: foreign.Origin{Arch: n.Arch, Preset: n.Preset}})
	switch {
	case errors.Is(err, zoo.ErrUnknown) && n.Arch != "", errors.Is(err, dataset.ErrArgument) && n.Preset != "", errors.Is(err, foreign.ErrSaid):
		return nil, "", errors.Wrap(ErrJob, err.Error())
	case err != nil:
		return nil, "", err
	}
	if r.PrepAssumed && r.Network.Prep.IsPhoto() {
		return nil, "", errors.Wrapf(ErrJob, "%s: the file does not say how its photos are prepared: name one of torchvision, tf, caffe", n.File)
	}
	return r.Network, sum, nil
}

// here returns a local path of the network's file, in a temporary folder if it had to
// be fetched, and its SHA-256.
func (n Network) here(ctx context.Context) (file, sum string, err error) {
	fs, err := filesystem.New(ctx, n.File)
	if err != nil {
		return "", "", err
	}
	defer fs.Close()
	r, err := fs.OpenRead(ctx, n.File)
	if err != nil {
		return "", "", errors.Wrap(err, n.File)
	}
	defer r.Close()
	digest, to := sha256.New(), io.Discard
	file = n.File
	if !isLocal(file) {
		folder, failed := os.MkdirTemp("", "lastlayer-network-")
		if failed != nil {
			return "", "", errors.WithStack(failed)
		}
		defer func() {
			if err != nil {
				_ = os.RemoveAll(folder) // the error that is returned came first
			}
		}()
		f, failed := os.Create(filepath.Join(folder, path.Base(file)))
		if failed != nil {
			return "", "", errors.WithStack(failed)
		}
		defer func() {
			if failed := f.Close(); err == nil {
				err = errors.WithStack(failed)
			}
		}()
		file, to = f.Name(), f
	}
	if _, err := io.Copy(io.MultiWriter(digest, to), r); err != nil {
		return "", "", errors.Wrap(err, n.File)
	}
	return file, hex.EncodeToString(digest.Sum(nil)), nil
}

// withTrunk calls use with the trunk below the network's output layer. No one else uses
// the trunk meanwhile.
func (l *loaded) withTrunk(use func(*feature.Trunk) error) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trunk == nil {
		if l.trunk, err = feature.NewTrunk(l.network, model.Last(1)); err != nil {
			return err
		}
	}
	return use(l.trunk)
}

// withPredictor is withTrunk for the whole network.
func (l *loaded) withPredictor(use func(*train.Predictor) error) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.predictor == nil {
		if l.predictor, err = train.NewPredictor(l.network, predicted); err != nil {
			return err
		}
	}
	return use(l.predictor)
}
