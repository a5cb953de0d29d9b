package dataset

import (
	"path/filepath"
	"regexp"
	"strings"
)

// idxPattern matches the names of IDX files in any case, such as
//
//	train-images-idx3-ubyte                      MNIST, Fashion-MNIST, KMNIST
//	t10k-labels.idx1-ubyte                       unpacked by some programs
//	emnist-letters-test-labels-idx1-ubyte.gz     EMNIST
//	qmnist-test-labels-idx2-int                  QMNIST, whose labels are eight numbers
var idxPattern = regexp.MustCompile(`(?i)^(.*?)[-_. ]*(train|t10k|test)[-_. ](images|labels)[-_. ]idx([123])[-_. ](ubyte|int)(\.gz)?$`)

// idxName is what the name of an IDX file says.
type idxName struct {
	name   string
	set    string // the beginning, in small letters with dashes; "" if there is none
	role   idxRole
	packed bool // the name ends in .gz
}

// idxRole is which of a set's four files one is.
type idxRole int

const (
	trainImages idxRole = iota
	trainLabels
	testImages
	testLabels
	idxRoles
)

// String returns MNIST's name of the file.
func (r idxRole) String() string {
	return [idxRoles]string{"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}[r]
}

// parseIDXName takes a file's name apart. ok is false if it is not one of an IDX file.
func parseIDXName(name string) (f idxName, ok bool) {
	m := idxPattern.FindStringSubmatch(name)
	if m == nil {
		return idxName{}, false
	}
	f = idxName{name: name, set: dashes.Replace(strings.ToLower(m[1])), packed: m[6] != ""}
	if !strings.EqualFold(m[2], "train") {
		f.role += testImages
	}
	isLabels := strings.EqualFold(m[3], "labels")
	if isLabels {
		f.role++
	}
	return f, isLabels == (m[4] != "3")
}

var dashes = strings.NewReplacer("_", "-", ".", "-", " ", "-")

// emnistName finds EMNIST and one of its parts in the beginning of a file's name, or in a folder's.
var emnistName = regexp.MustCompile(`(?:^|[^a-z])emnist(?:-?(byclass|bymerge|balanced|letters|digits|mnist))?(?:[^a-z]|$)`)

// emnistPart returns the part of EMNIST that a beginning or a folder's name stands for, or "". is says
// that it stands for EMNIST.
func emnistPart(set string) (part string, is bool) {
	m := emnistName.FindStringSubmatch(dashes.Replace(strings.ToLower(set)))
	if m == nil {
		return "", false
	}
	return m[1], true
}

// folderSet returns what the name of a folder says of the set in it, or where it does not tell of
// EMNIST, that of the folder which it is a link to.
func folderSet(dir string) string {
	set := setOfPath(dir)
	if _, is := emnistPart(set); is {
		return set
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		linked := setOfPath(real)
		if _, is := emnistPart(linked); is {
			return linked
		}
	}
	return set
}

// setOfPath returns the last name of a path, without those that data sets are unpacked into. A folder
// named after a part in one named EMNIST is "emnist-" and the part.
func setOfPath(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	for unpackedInto(filepath.Base(dir)) {
		dir = filepath.Dir(dir)
	}
	base := filepath.Base(dir)
	if strings.EqualFold(filepath.Base(filepath.Dir(dir)), "emnist") {
		if part, _ := emnistPart("emnist-" + base); part != "" {
			return "emnist-" + part
		}
	}
	return base
}

// unpackedInto reports whether a folder's name is torchvision's, or that in EMNIST's archive.
func unpackedInto(name string) bool {
	return strings.EqualFold(name, "raw") || strings.EqualFold(name, "gzip")
}
