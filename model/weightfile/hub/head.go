package hub

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// maxSize bounds a file; the hub itself serves no larger one in one piece.
const maxSize = 50_000_000_000

// Bounds on waiting, for tests to shorten.
var (
	patience = 30 * time.Second // for an answer, and for the next bytes of one
	pause    = time.Second      // before a download is resumed
)

// maxRedirects is how many answers in a row may point elsewhere.
const maxRedirects = 5

// errNoFile: the repository and the revision are there, the file is not.
var errNoFile = errors.Wrap(ErrNotFound, "no such file")

// about is what the hub states of a file.
type about struct {
	commit string
	hash   string // SHA-256 or git's SHA-1, in hex
	size   int64
}

var isHash = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`).MatchString

// head asks the hub about a file. Its answer may point to another host, which
// has the bytes, or to the endpoint itself, where a repository was renamed.
func (c *client) head(ctx context.Context, file string) (about, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.Errorf("no answer in %v", patience))
	defer cancel()
	at := c.ref.url(c.endpoint.String(), c.ref.Revision, file)
	for range maxRedirects {
		answer, err := c.send(ctx, http.MethodHead, at, 0)
		if err != nil {
			return about{}, err
		}
		answer.Body.Close()
		next, err := location(answer, at)
		if err != nil {
			return about{}, err
		}
		if next != "" && c.isEndpoint(next) && answer.Header.Get("X-Linked-Etag") == "" && answer.Header.Get("X-Repo-Commit") == "" {
			at = next
			continue
		}
		if next == "" {
			if err := c.refused(answer, file); err != nil {
				return about{}, err
			}
		}
		a, err := parseAbout(answer, next != "")
		return a, errors.Wrapf(err, "%q", file)
	}
	return about{}, errors.Wrapf(ErrAnswer, "%q: found more than %d redirects", file, maxRedirects)
}

// parseAbout takes commit, hash and size from the headers.
func parseAbout(answer *http.Response, elsewhere bool) (about, error) {
	h := answer.Header
	a := about{commit: h.Get("X-Repo-Commit"), hash: h.Get("X-Linked-Etag")}
	size := h.Get("X-Linked-Size")
	if a.hash == "" {
		a.hash = h.Get("ETag")
	}
	if size == "" && !elsewhere {
		size = h.Get("Content-Length")
	}
	a.hash = strings.Trim(strings.TrimPrefix(a.hash, "W/"), `"`)
	if !isCommit(a.commit) {
		return a, errors.Wrapf(ErrAnswer, "X-Repo-Commit: found %.60q, expected a commit of 40 digits (a proxy, or a server that is not a hub?)", a.commit)
	}
	if !isHash(a.hash) {
		return a, errors.Wrapf(ErrAnswer, "ETag: found %.80q, expected a SHA-256 or SHA-1", a.hash)
	}
	var err error
	if a.size, err = strconv.ParseInt(size, 10, 64); err != nil || a.size < 0 || a.size > maxSize {
		return a, errors.Wrapf(ErrAnswer, "size: found %.30q, expected 0 to %d bytes", size, int64(maxSize))
	}
	return a, nil
}

// refused returns the error that an answer states, if any.
func (c *client) refused(answer *http.Response, file string) error {
	if answer.StatusCode/100 == 2 {
		return nil
	}
	if host := answer.Request.URL.Host; !c.isEndpoint(answer.Request.URL.String()) {
		return &statusError{answer.StatusCode, host}
	}
	token := "set HF_TOKEN to a token that may read it"
	if c.opt.Token != "" {
		token = "the token may not read it"
	}
	switch code := answer.Header.Get("X-Error-Code"); {
	case code == "EntryNotFound":
		return errors.Wrapf(errNoFile, "%q", file)
	case code == "RevisionNotFound":
		return errors.Wrapf(ErrNotFound, "revision %q", c.ref.Revision)
	case code == "GatedRepo":
		return errors.Wrapf(ErrAccess, "the repository is gated: accept its terms on its page, and %s", token)
	case code == "RepoNotFound" || answer.StatusCode == http.StatusUnauthorized:
		return errors.Wrapf(ErrAccess, "the repository does not exist, or is private: %s", token)
	case answer.StatusCode == http.StatusForbidden:
		return errors.Wrapf(ErrAccess, "the hub refused: %s", token)
	case answer.StatusCode == http.StatusNotFound:
		return errors.Wrapf(errNoFile, "%q", file)
	}
	return &statusError{answer.StatusCode, c.endpoint.Host}
}

// statusError is an answer that is neither the file nor a reason.
type statusError struct {
	status int
	host   string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.host, e.status, http.StatusText(e.status))
}

func (e *statusError) Is(target error) bool { return target == ErrAnswer }

// temporary reports whether the same request may succeed later.
func (e *statusError) temporary() bool {
	return e.status >= 500 || e.status == http.StatusTooManyRequests || e.status == http.StatusRequestTimeout
}

// location returns where a redirect points, or nothing for another answer.
func location(answer *http.Response, from string) (string, error) {
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return "", nil
	}
	base, err := url.Parse(from)
	if err != nil {
		return "", errors.WithStack(err)
	}
	next, err := base.Parse(answer.Header.Get("Location"))
	if err != nil || next.Host == "" || next.User != nil || next.Scheme != "https" && (next.Scheme != "http" || base.Scheme != "http") || answer.Header.Get("Location") == "" {
		return "", errors.Wrapf(ErrAnswer, "Location: found %.100q, expected a URL no less safe than the last", answer.Header.Get("Location"))
	}
	return next.String(), nil
}

// isEndpoint reports whether a URL is of the host that the token is for.
func (c *client) isEndpoint(at string) bool {
	u, err := url.Parse(at)
	return err == nil && u.Scheme == c.endpoint.Scheme && strings.EqualFold(u.Host, c.endpoint.Host)
}

// send makes one request, for the bytes from offset on.
func (c *client) send(ctx context.Context, method, at string, offset int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, at, nil)
	if err != nil {
		return nil, errors.Wrap(withoutURL(err), "request")
	}
	request.Header.Set("User-Agent", "lastlayer")
	request.Header.Set("Accept-Encoding", "identity") // the bytes that the hash is of
	if c.opt.Token != "" && c.isEndpoint(at) {
		request.Header.Set("Authorization", "Bearer "+c.opt.Token)
	}
	if offset > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	answer, err := c.http.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, errors.Wrap(withoutURL(err), request.URL.Host)
	}
	return answer, nil
}

// withoutURL takes the URL out of an error: one of a storage host is signed,
// and so a secret for a while.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
