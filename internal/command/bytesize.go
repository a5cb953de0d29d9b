package command

import (
	"math"

	"github.com/dustin/go-humanize"
	"github.com/pkg/errors"
)

// parseSize reads a number of bytes, as 512MiB, 2GB or 1048576.
func parseSize(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64 {
		return 0, errors.New("a size, as 512MiB or 2GB")
	}
	return int64(n), nil
}
