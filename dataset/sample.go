package dataset

import (
	"bytes"
	"embed"
	"strconv"

	"github.com/pkg/errors"
)

//go:generate go run sample/generate.go

// sampleFiles are four IDX files with real images of MNIST: 200 of each digit for training, from the
// training images, and 50 of each for the test, from the test images.
//
//go:embed sample/*.gz
var sampleFiles embed.FS

func openSample() (train, test *Set, err error) {
	var halves [2]idxHalf
	for i, half := range [2]string{"train", "t10k"} {
		h := &halves[i]
		dims, pixels, err := readEmbedded(half+"-images-idx3-ubyte.gz", 3)
		if err != nil {
			return nil, nil, err
		}
		h.shape, h.pixels = []int{dims[0], 1, dims[1], dims[2]}, pixels
		h.labelsName = half + "-labels-idx1-ubyte.gz"
		if _, h.labels, err = readEmbedded(h.labelsName, 1); err != nil {
			return nil, nil, err
		}
	}
	return setsOfIDX("sample", halves, strconv.Itoa)
}

func readEmbedded(name string, rank int) (dims []int, data []byte, err error) {
	content, err := sampleFiles.ReadFile("sample/" + name)
	if err != nil {
		return nil, nil, errors.WithStack(err)
	}
	return readIDX(bytes.NewReader(content), int64(len(content)), name, rank)
}
