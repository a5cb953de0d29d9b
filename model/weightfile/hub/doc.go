// Package hub fetches files of models from the Hugging Face Hub, or a server
// that speaks its protocol, into the cache that Hugging Face's own library uses:
//
//	opt, err := hub.FromEnvironment()
//	ref, err := hub.Parse("hf:timm/resnet18.a1_in1k")
//	path, err := hub.Fetch(ctx, ref, opt)
//
// What the cache has is used without a request. So a branch such as main stays at
// the commit it was first fetched at, until its folder is removed or another
// revision is named. Everything else is downloaded beside its place, resumed
// after an interruption, checked against the size and the hash that the hub
// states (SHA-256 of large files, git's SHA-1 of others), and moved into place.
//
// The layout is
//
//	models--OWNER--REPO/blobs/HASH            the contents
//	models--OWNER--REPO/snapshots/COMMIT/FILE a link to one
//	models--OWNER--REPO/refs/REVISION         the commit of a branch or tag
//	.locks/models--OWNER--REPO/HASH.lock      held while one is downloaded
//
// Only hashes and commits of a hub's answer become part of a path, and nothing is
// written outside the cache, whatever links are in it. The token is sent to the
// endpoint alone.
package hub
