package hub

import "github.com/pkg/errors"

// The causes of this package's errors, beside those of the operating system,
// of the network and of the context. Test for them with errors.Is.
var (
	// ErrRef: not a reference that Parse understands.
	ErrRef = errors.New("bad hub reference")
	// ErrNotFound: the hub has no such repository, revision or file.
	ErrNotFound = errors.New("not found on the hub")
	// ErrAccess: the repository asks for a token, or for another one.
	ErrAccess = errors.New("no access")
	// ErrOffline: the cache lacks it, and no request may be made.
	ErrOffline = errors.New("not in the cache, and offline")
	// ErrAnswer: the hub answered what its protocol does not allow, or the file
	// is not what it stated.
	ErrAnswer = errors.New("bad answer of the hub")
	// ErrConfig: not a configuration that ParseConfig understands.
	ErrConfig = errors.New("bad configuration")
)
