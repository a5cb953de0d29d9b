package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/pkg/errors"
)

// maxTries is how often in a row a download may bring nothing.
const maxTries = 5

// download brings a file's bytes to their blob.
func (c *client) download(ctx context.Context, s *store, file string, a about) error {
	part := s.blob(a.hash) + ".incomplete"
	f, err := s.root.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return errors.Wrap(err, "the hub's cache")
	}
	defer f.Close()
	d := &download{client: c, file: file, about: a, out: f, sum: newHash(a)}
	if err := d.takeUp(); err != nil {
		return errors.Wrap(err, "the hub's cache")
	}
	if err := d.run(ctx); err != nil {
		return errors.Wrapf(err, "%q", file)
	}
	if found := hex.EncodeToString(d.sum.Sum(nil)); found != a.hash {
		f.Close()
		if err := s.root.Remove(part); err != nil {
			return errors.Wrap(err, "the hub's cache")
		}
		return errors.Wrapf(ErrAnswer, "%q: found the hash %s, expected %s: damaged on the way; fetch it again", file, found, a.hash)
	}
	if err := f.Sync(); err != nil {
		return errors.Wrap(err, "the hub's cache")
	}
	if err := f.Close(); err != nil {
		return errors.Wrap(err, "the hub's cache")
	}
	return errors.Wrap(s.root.Rename(part, s.blob(a.hash)), "the hub's cache")
}

// newHash returns the hash that the hub states: git's is over a header too.
func newHash(a about) hash.Hash {
	if len(a.hash) == 2*sha256.Size {
		return sha256.New()
	}
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", a.size)
	return h
}

// download is a file on its way.
type download struct {
	*client
	file  string
	about about
	out   *os.File
	sum   hash.Hash // of what is there
	done  int64     // bytes that are there
}

// takeUp counts what an earlier download left.
func (d *download) takeUp() error {
	info, err := d.out.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.Errorf("%s: expected a file", d.out.Name())
	}
	if info.Size() > d.about.size {
		return d.restart()
	}
	d.done, err = io.Copy(d.sum, d.out)
	return err
}

// restart throws away what is there.
func (d *download) restart() error {
	d.done, d.sum = 0, newHash(d.about)
	if err := d.out.Truncate(0); err != nil {
		return hereError{errors.WithStack(err)}
	}
	if _, err := d.out.Seek(0, io.SeekStart); err != nil {
		return hereError{errors.WithStack(err)}
	}
	return nil
}

// run asks for what is missing until it is there.
func (d *download) run(ctx context.Context) error {
	for tries := 0; ; {
		d.progress()
		if d.done == d.about.size {
			return nil
		}
		before := d.done
		err := d.get(ctx)
		if err == nil {
			continue
		}
		var status *statusError
		if ctx.Err() != nil {
			return errors.WithStack(context.Cause(ctx))
		}
		var here hereError
		if errors.As(err, &here) || errors.Is(err, ErrAccess) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrAnswer) && !(errors.As(err, &status) && status.temporary()) {
			return err
		}
		if tries++; d.done > before {
			tries = 0
		}
		if tries >= maxTries {
			return errors.Wrapf(err, "gave up at %d of %d bytes; the next try goes on from there", d.done, d.about.size)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (d *download) progress() {
	if d.opt.Progress != nil {
		d.opt.Progress(d.file, d.done, d.about.size)
	}
}

// hereError is a fault of this machine, not of the network.
type hereError struct{ error }

func (e hereError) Unwrap() error { return e.error }

// get makes one request for the missing bytes and takes what comes, until
// nothing has come for a while.
func (d *download) get(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(patience, func() { cancel(errors.Errorf("nothing came for %v", patience)) })
	defer stalled.Stop()
	answer, err := d.follow(ctx)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if err := d.place(answer); err != nil {
		return err
	}
	b := make([]byte, 1<<16)
	for {
		stalled.Reset(patience)
		n, err := answer.Body.Read(b)
		if int64(n) > d.about.size-d.done {
			return errors.Wrapf(ErrAnswer, "found more than the %d bytes that the hub stated", d.about.size)
		}
		if _, err := d.out.Write(b[:n]); err != nil {
			return hereError{errors.WithStack(err)}
		}
		d.sum.Write(b[:n])
		if d.done += int64(n); n > 0 && d.done < d.about.size {
			d.progress()
		}
		switch {
		case err == io.EOF && d.done < d.about.size:
			return errors.Wrapf(io.ErrUnexpectedEOF, "found %d of %d bytes", d.done, d.about.size)
		case err == io.EOF:
			return nil
		case err != nil:
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return errors.Wrapf(withoutURL(err), "found %d of %d bytes", d.done, d.about.size)
		}
	}
}

// follow asks for the missing bytes of the very commit, wherever the hub has
// them. It asks the hub each time, since an address elsewhere expires.
func (d *download) follow(ctx context.Context) (*http.Response, error) {
	at := d.ref.url(d.endpoint.String(), d.about.commit, d.file)
	for range maxRedirects {
		answer, err := d.send(ctx, http.MethodGet, at, d.done)
		if err != nil {
			return nil, err
		}
		next, err := location(answer, at)
		if next == "" && err == nil {
			return answer, nil
		}
		answer.Body.Close()
		if err != nil {
			return nil, err
		}
		at = next
	}
	return nil, errors.Wrapf(ErrAnswer, "found more than %d redirects", maxRedirects)
}

// place holds that an answer begins where the file goes on; a server that
// knows no ranges begins anew.
func (d *download) place(answer *http.Response) error {
	switch answer.StatusCode {
	case http.StatusOK:
		if d.done == 0 {
			return nil
		}
		return d.restart()
	case http.StatusPartialContent:
		var first, last, total int64
		text := answer.Header.Get("Content-Range")
		if n, _ := fmt.Sscanf(text, "bytes %d-%d/%d", &first, &last, &total); n != 3 || first != d.done || total != d.about.size {
			return errors.Wrapf(ErrAnswer, "Content-Range: found %.60q, expected bytes from %d of %d", text, d.done, d.about.size)
		}
		return nil
	case http.StatusRequestedRangeNotSatisfiable:
		if d.done > 0 {
			if err := d.restart(); err != nil {
				return err
			}
			return errors.New("the server has no such range")
		}
	}
	if err := d.refused(answer, d.file); err != nil {
		return err
	}
	return &statusError{answer.StatusCode, answer.Request.URL.Host}
}
