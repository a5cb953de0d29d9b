package command

import (
	"math"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/pkg/errors"
)

// byteSize is a flag for a number of bytes, as 512MiB, 2GB or 1048576.
type byteSize int64

func (b *byteSize) String() string {
	if *b == 0 {
		return ""
	}
	return strings.ReplaceAll(humanize.IBytes(uint64(*b)), " ", "")
}

func (b *byteSize) Set(text string) error {
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64 {
		return errors.New("a size, as 512MiB or 2GB")
	}
	*b = byteSize(n)
	return nil
}

func (b *byteSize) Type() string { return "size" }
