package hub

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// Fetch returns the path of a file, from the cache or downloaded into it. Where
// ref names no file, it is the repository's weights: model.safetensors,
// pytorch_model.bin, model.onnx or onnx/model.onnx, the first that is there. A
// interrupted download leaves its beginning behind, and the next call goes on
// from there. The error's cause is one of this package's, or of the operating
// system, the network or ctx.
func Fetch(ctx context.Context, ref Ref, opt Options) (string, error) {
	if why := ref.fault(); why != "" {
		return "", errors.Wrapf(ErrRef, "%s: %s", ref, why)
	}
	if opt.Cache == "" {
		return "", errors.New("the hub's cache: found no folder; FromEnvironment has one")
	}
	files := weights
	if ref.File != "" {
		files = []string{ref.File}
	}
	for _, file := range files {
		if p, ok := cached(opt.Cache, ref, file); ok {
			return p, nil
		}
	}
	if opt.Offline {
		return "", errors.Wrapf(ErrOffline, "%s: found no %s in %s", ref, strings.Join(files, " or "), opt.Cache)
	}
	c, err := newClient(ref, opt)
	if err != nil {
		return "", err
	}
	for _, file := range files {
		p, err := c.fetch(ctx, file)
		if errors.Is(err, errNoFile) && len(files) > 1 {
			continue
		}
		return p, errors.Wrapf(err, "%s", ref)
	}
	return "", errors.Wrapf(ErrNotFound, "%s: found no %s (name the file behind the repository)", ref, strings.Join(files, " or "))
}

// client fetches from one repository.
type client struct {
	ref      Ref
	opt      Options
	endpoint *url.URL
	http     *http.Client
}

func newClient(ref Ref, opt Options) (*client, error) {
	endpoint, err := opt.endpoint()
	if err != nil {
		return nil, err
	}
	asIs := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client{ref, opt, endpoint, &http.Client{Transport: opt.Transport, CheckRedirect: asIs}}, nil
}

// fetch brings one file into the cache.
func (c *client) fetch(ctx context.Context, file string) (string, error) {
	about, err := c.head(ctx, file)
	if err != nil {
		return "", err
	}
	s, err := openStore(c.opt.Cache, c.ref)
	if err != nil {
		return "", err
	}
	defer s.root.Close()
	unlock, err := s.lock(ctx, about.hash)
	if err != nil {
		return "", err
	}
	defer unlock()
	p := filepath.Join(c.opt.Cache, c.ref.folder(), "snapshots", about.commit, filepath.FromSlash(file))
	if info, err := os.Stat(p); err != nil || !info.Mode().IsRegular() {
		if !s.has(about.hash, about.size) {
			if err := c.download(ctx, s, file, about); err != nil {
				return "", err
			}
		}
		if err := s.link(about.commit, file, about.hash); err != nil {
			return "", err
		}
	}
	return p, s.note(c.ref.Revision, about.commit)
}
