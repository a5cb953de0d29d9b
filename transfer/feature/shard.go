package feature

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/pkg/errors"
)

// ErrShard is the cause of errors about feature files that are damaged, do not belong
// together, or belong to another network.
var ErrShard = errors.New("invalid shard")

// maxShards is the maximum number of shards of a set.
const maxShards = 1 << 20

// Shard is share number Index, from 1, of the Of shares of a set of images. The share
// of an image follows from its path alone.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// ParseShard parses a share such as "3/16".
func ParseShard(text string) (Shard, error) {
	var s Shard
	if n, _ := fmt.Sscanf(text, "%d/%d", &s.Index, &s.Of); n != 2 || s.String() != text {
		return Shard{}, errors.Wrapf(ErrShard, "found %.40q, expected INDEX/OF, as 3/16", text)
	}
	return s, s.Check()
}

// ShardOf returns the share that the image with that path belongs to. The path is
// relative to the folder of the data set, with slashes: it must be the same on each
// machine.
func ShardOf(path string, of int) Shard {
	return Shard{int(pathHash(path)%uint64(max(of, 1))) + 1, of}
}

// Holds reports whether the image with that path is in the share.
func (s Shard) Holds(path string) bool { return ShardOf(path, s.Of) == s }

// Check returns an ErrShard unless the share is valid.
func (s Shard) Check() error {
	if s.Of < 1 || s.Of > maxShards || s.Index < 1 || s.Index > s.Of {
		return errors.Wrapf(ErrShard, "found %s, expected from 1/OF to OF/OF, with OF from 1 to %d", s, maxShards)
	}
	return nil
}

// String returns "3/16".
func (s Shard) String() string { return fmt.Sprintf("%d/%d", s.Index, s.Of) }

// Listing is the number of files in a whole set and a sum over their paths, in any
// order. Shares of the same set have equal listings. Start with the zero value.
type Listing struct {
	Files int    `json:"files"`
	Sum   uint64 `json:"sum,string"`
}

// Add adds a file. path is as in ShardOf.
func (l *Listing) Add(path string) { l.Files, l.Sum = l.Files+1, l.Sum+pathHash(path) }

// And returns the combined listing of both.
func (l Listing) And(m Listing) Listing { return Listing{l.Files + m.Files, l.Sum + m.Sum} }

// pathHash returns the first 64 bits of a path's SHA-256.
func pathHash(path string) uint64 {
	sum := sha256.Sum256([]byte(path))
	return binary.BigEndian.Uint64(sum[:])
}

// ComparePaths compares paths in the order of a walk through the folders, with the
// entries of each folder in ascending order: "a/z" comes before "a-b/a". Feature files
// have their rows in this order, training images before test images.
func ComparePaths(a, b string) int {
	for {
		x, restA, moreA := strings.Cut(a, "/")
		y, restB, moreB := strings.Cut(b, "/")
		if c := strings.Compare(x, y); c != 0 || !moreA || !moreB {
			switch {
			case c != 0:
				return c
			case moreA:
				return 1
			case moreB:
				return -1
			}
			return 0
		}
		a, b = restA, restB
	}
}
