package dataset

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/pkg/errors"
)

// downloadTimeout bounds one file of a download, from the request to the last byte.
const downloadTimeout = 10 * time.Minute

// fetcher downloads MNIST's files.
type fetcher struct {
	client   *http.Client
	mirrors  []string // base addresses, each ending in a slash
	progress func(file string, done, total int64)
	warn     func(error)
}

func newFetcher(opt Options) fetcher {
	return fetcher{
		client: &http.Client{Timeout: downloadTimeout, CheckRedirect: stayHTTPS},
		mirrors: []string{
			"https://storage.googleapis.com/cvdf-datasets/mnist/",
			"https://ossci-datasets.s3.amazonaws.com/mnist/",
		},
		progress: opt.Progress,
		warn:     opt.warn,
	}
}

func stayHTTPS(req *http.Request, via []*http.Request) error {
	if req.URL.Scheme != "https" {
		return errors.Errorf("redirected to %s, expected https", req.URL.Scheme)
	}
	if len(via) >= 5 {
		return errors.New("redirected five times")
	}
	return nil
}

// fetch brings a file, packed, into a folder from the first mirror that gives it with the published
// size and SHA-256. The error is that of the last mirror; those before it are warned of.
func (f fetcher) fetch(ctx context.Context, file mnistFile, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return errors.WithStack(err)
	}
	var err error
	for _, mirror := range f.mirrors {
		if err != nil {
			f.warn(err)
		}
		if err = f.fetchFrom(ctx, mirror, file, dir); err == nil {
			return nil
		}
		if ctx.Err() != nil {
			// A server that sees us leave may end its answer before the client
			// does: whatever a broken answer looks like, this is why.
			return errors.Wrapf(context.Cause(ctx), "%s%s.gz", mirror, file.name)
		}
	}
	return err
}

// fetchFrom writes to a temporary file in the same folder, which takes the file's name only when it
// is whole, checked and on the disk.
func (f fetcher) fetchFrom(ctx context.Context, mirror string, file mnistFile, dir string) (err error) {
	name := file.name + ".gz"
	address := mirror + name
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errors.WithStack(err)
	}
	resp, err := f.client.Do(req)
	if err != nil {
		return errors.WithStack(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.Wrapf(ErrNotFound, "%s: status: found %s, expected 200", address, printable(resp.Status))
	}
	if n := resp.ContentLength; n >= 0 && n != file.gzSize {
		return errors.Wrapf(ErrChecksum, "%s: length: found %d bytes, expected %d", address, n, file.gzSize)
	}

	tmp, err := os.CreateTemp(dir, name+".*.part")
	if err != nil {
		return errors.WithStack(err)
	}
	defer func() {
		_ = tmp.Close() // a second time, after a success
		if err != nil {
			_ = os.Remove(tmp.Name()) // the error at hand says more
		}
	}()
	sum := sha256.New()
	body := &meter{r: resp.Body, file: name, total: file.gzSize, report: f.progress}
	// One byte more than expected is enough to see that there are more.
	n, err := io.Copy(io.MultiWriter(tmp, sum), io.LimitReader(body, file.gzSize+1))
	if err != nil {
		return errors.Wrapf(err, "%s: after %d bytes of %d", address, n, file.gzSize)
	}
	if n != file.gzSize {
		return errors.Wrapf(ErrChecksum, "%s: length: found %d bytes, expected %d", address, n, file.gzSize)
	}
	if err := checkSum(address, [sha256.Size]byte(sum.Sum(nil)), file.gzSum); err != nil {
		return err
	}
	return publish(tmp, filepath.Join(dir, name))
}

// publish gives a finished temporary file its name, after its content is on the disk.
func publish(tmp *os.File, path string) error {
	if err := tmp.Chmod(0o644); err != nil {
		return errors.WithStack(err)
	}
	if err := tmp.Sync(); err != nil {
		return errors.WithStack(err)
	}
	if err := tmp.Close(); err != nil {
		return errors.WithStack(err)
	}
	return errors.WithStack(os.Rename(tmp.Name(), path))
}

// meter reports the bytes read through it.
type meter struct {
	r           io.Reader
	file        string
	done, total int64
	report      func(file string, done, total int64)
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.done += int64(n)
	if m.report != nil && n > 0 {
		m.report(m.file, m.done, m.total)
	}
	return n, err
}
