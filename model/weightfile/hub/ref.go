package hub

import (
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/pkg/errors"
)

// Ref names a file of a repository.
type Ref struct {
	Owner, Repo string
	Revision    string // a branch, a tag or a commit; main if Parse found none
	File        string // within the repository; empty for its weights
}

// weights are the files that hold a repository's weights, in the order they are
// looked for.
var weights = []string{"model.safetensors", "pytorch_model.bin", "model.onnx", "onnx/model.onnx"}

const (
	scheme   = "hf:"
	mainline = "main"
)

// IsRef reports whether a text is meant for Parse.
func IsRef(text string) bool { return strings.HasPrefix(text, scheme) }

// Parse reads hf:OWNER/REPO[@REVISION][/FILE]. A slash in a revision is
// written %2F, but for refs/pr/N and refs/convert/NAME. The error's cause is
// ErrRef.
func Parse(text string) (Ref, error) {
	bad := func(why string) (Ref, error) {
		return Ref{}, errors.Wrapf(ErrRef, "%.200q: %s, expected hf:OWNER/REPO[@REVISION][/FILE], as hf:timm/resnet18.a1_in1k", text, why)
	}
	rest, ok := strings.CutPrefix(text, scheme)
	if !ok {
		return bad("found no hf:")
	}
	owner, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return bad("found no owner")
	}
	r := Ref{Owner: owner, Revision: mainline}
	end := strings.IndexAny(rest, "@/")
	if end < 0 {
		end = len(rest)
	}
	r.Repo, rest = rest[:end], rest[end:]
	if revision, ok := strings.CutPrefix(rest, "@"); ok {
		n := len(special.FindString(revision))
		if n == 0 {
			n = len(revision)
			if i := strings.IndexByte(revision, '/'); i >= 0 {
				n = i
			}
		}
		var err error
		if r.Revision, err = url.PathUnescape(revision[:n]); err != nil {
			return bad("found a revision that cannot be read")
		}
		rest = revision[n:]
	}
	if file, ok := strings.CutPrefix(rest, "/"); ok {
		if file == "" {
			return bad("found no file behind the last slash")
		}
		r.File = file
	}
	if why := r.fault(); why != "" {
		return bad(why)
	}
	return r, nil
}

var (
	special = regexp.MustCompile(`^refs/(pr|convert)/[^/]+`)
	name    = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$`)
)

// fault says what is wrong with a reference, or nothing. What it passes is safe
// as a path in the cache.
func (r Ref) fault() string {
	for _, part := range []string{r.Owner, r.Repo} {
		if !name.MatchString(part) || strings.Contains(part, "--") || strings.Contains(part, "..") {
			return "found an owner or a repository of other than letters, digits, single - and ., and _"
		}
	}
	if strings.HasSuffix(r.Repo, ".git") {
		return "found a repository that ends in .git"
	}
	if !isLocal(r.Revision) {
		return "found a revision that is no name"
	}
	if r.File != "" && !isLocal(r.File) {
		return "found a file that is no path within the repository"
	}
	return ""
}

// isLocal reports whether a path stays where it begins, on every system.
func isLocal(p string) bool {
	return p != "" && len(p) <= 500 && path.Clean(p) == p && filepath.IsLocal(filepath.FromSlash(p)) && p != "." &&
		!strings.ContainsAny(p, `\:*?"<>|`) && !strings.ContainsFunc(p, func(r rune) bool { return r == unicode.ReplacementChar || unicode.IsControl(r) })
}

// String returns what Parse reads.
func (r Ref) String() string {
	s := scheme + r.Owner + "/" + r.Repo
	if r.Revision != mainline {
		revision := r.Revision
		if special.FindString(revision) != revision {
			revision = url.PathEscape(revision)
		}
		s += "@" + revision
	}
	if r.File != "" {
		s += "/" + r.File
	}
	return s
}

// url returns where to download a file of the repository.
func (r Ref) url(endpoint, revision, file string) string {
	parts := strings.Split(file, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return endpoint + "/" + r.Owner + "/" + r.Repo + "/resolve/" + url.PathEscape(revision) + "/" + strings.Join(parts, "/")
}

// folder is the repository's folder in the cache.
func (r Ref) folder() string { return "models--" + r.Owner + "--" + r.Repo }
