package dataset

import (
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
)

// emnistClasses are the classes of EMNIST's parts, in the order of their labels, from the first: a
// capital that stands alone in bymerge and balanced is its small letter too. (Cohen, Afshar, Tapson,
// van Schaik: EMNIST: an extension of MNIST to handwritten letters, 2017, and the files
// emnist-*-mapping.txt beside the data.)
var emnistClasses = map[string]struct {
	first int // label of the first class
	names string
}{
	"byclass":  {0, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"},
	"bymerge":  {0, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"},
	"balanced": {0, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"},
	"letters":  {1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
	"digits":   {0, "0123456789"},
	"mnist":    {0, "0123456789"},
}

// emnistCounts are the numbers of training and test images by which a part is told where no name tells
// it. The part mnist has as many as MNIST, and byclass as bymerge. (The paper's, and where it differs
// those of the files.)
var emnistCounts = map[[2]int]string{
	{697_932, 116_323}: "byclass", {731_668, 82_587}: "byclass",
	{112_800, 18_800}: "balanced", {124_800, 20_800}: "letters", {88_800, 14_800}: "letters", {240_000, 40_000}: "digits",
}

// asEMNIST gives the sets of EMNIST's files upright images, which lie on their side in the files, and
// the characters as the names of their classes. A label that the part does not have is an ErrFormat.
func asEMNIST(part string, halves *[2]idxHalf) (name func(label int) string, err error) {
	classes := emnistClasses[part]
	for i := range halves {
		h := &halves[i]
		for j, l := range h.labels {
			if at := int(l) - classes.first; at < 0 || at >= len(classes.names) {
				return nil, errors.Wrapf(ErrFormat, "%s: label %d: found %d, expected %d to %d, as EMNIST's %s has them",
					printable(h.labelsName), j, l, classes.first, classes.first+len(classes.names)-1, part)
			}
		}
		transpose(h)
	}
	return func(label int) string { return string(classes.names[label-classes.first]) }, nil
}

// transpose exchanges rows and columns of all images: [N,1,H,W] becomes [N,1,W,H].
func transpose(h *idxHalf) {
	n, rows, columns := h.shape[0], h.shape[2], h.shape[3]
	size := rows * columns
	was := make([]byte, size)
	for i := range n {
		image := h.pixels[i*size : (i+1)*size]
		copy(was, image)
		for y := range rows {
			for x := range columns {
				image[x*rows+y] = was[y*columns+x]
			}
		}
	}
	h.shape[2], h.shape[3] = columns, rows
}

// folderAndPart takes "folder/emnist-letters" apart, where folder is one: EMNIST's own archive has
// the files of all parts in one folder. Without such an ending part is "".
func folderAndPart(name string) (dir, part string) {
	dir, last := filepath.Split(name)
	part, is := strings.CutPrefix(strings.ToLower(last), "emnist-")
	if _, known := emnistClasses[part]; !is || !known {
		return name, ""
	}
	return filepath.Clean(dir), part
}
