package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"
)

// mnistFile is one of MNIST's four files as published.
type mnistFile struct {
	name      string // of the gzip file, without .gz
	gzSize    int64  // bytes of the gzip file
	gzSum     string // its SHA-256
	plainSize int64  // bytes unpacked
	plainSum  string // SHA-256 unpacked
}

// mnistFiles returns images and labels for training, and images and labels for the test. The sums of
// the gzip files are those that the mirrors and the other frameworks' loaders give.
func mnistFiles() [4]mnistFile {
	return [4]mnistFile{
		{"train-images-idx3-ubyte",
			9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
			47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
		{"train-labels-idx1-ubyte",
			28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
			60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
		{"t10k-images-idx3-ubyte",
			1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
			7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
		{"t10k-labels-idx1-ubyte",
			4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
			10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
	}
}

// mnist finds MNIST's files; its fields are what a test replaces.
type mnist struct {
	opt     Options
	files   [4]mnistFile
	modules func() []string // folders of the Go module that may hold the files
	fetch   fetcher
}

func newMNIST(opt Options) *mnist {
	return &mnist{
		opt:     opt,
		files:   mnistFiles(),
		modules: func() []string { return moduleDirs(opt.context()) },
		fetch:   newFetcher(opt),
	}
}

// open returns MNIST from the first source that has all four files with the published sums: the
// folder of Options.MNISTDir and no other if it is given; else the cache, the Go module that carries
// them, and the mirrors, by way of the cache.
func (m *mnist) open() (train, test *Set, err error) {
	if m.opt.MNISTDir != "" {
		return m.read(m.opt.MNISTDir)
	}
	cache, cacheErr := m.cacheDir()
	if cacheErr == nil {
		if train, test, err = m.tryRead(cache); err == nil {
			return train, test, nil
		}
	}
	for _, dir := range m.modules() {
		if train, test, err = m.tryRead(dir); err == nil {
			return train, test, nil
		}
	}
	if cacheErr != nil {
		return nil, nil, errors.WithMessage(cacheErr, "mnist: there is no cache folder to download to")
	}
	for _, f := range m.files {
		if _, err := f.read(cache); err == nil {
			continue
		}
		if err := m.fetch.fetch(m.opt.context(), f, cache); err != nil {
			return nil, nil, errors.WithMessage(err, "mnist: found neither in "+printable(cache)+" nor in the Go module cache, nor could it be downloaded")
		}
	}
	return m.read(cache)
}

func (m *mnist) cacheDir() (string, error) {
	if m.opt.CacheDir != "" {
		return m.opt.CacheDir, nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "lastlayer", "mnist"), errors.WithStack(err)
}

// tryRead is read for a source that others follow: what is wrong with its files, other than that
// they are not there, is a warning.
func (m *mnist) tryRead(dir string) (train, test *Set, err error) {
	train, test, err = m.read(dir)
	if err != nil && !errors.Is(err, ErrNotFound) {
		m.opt.warn(errors.WithMessage(err, "mnist: this copy is not used"))
	}
	return train, test, err
}

// read reads the four files of a folder and checks their sums.
func (m *mnist) read(dir string) (train, test *Set, err error) {
	var halves [2]idxHalf
	for i, f := range m.files {
		content, err := f.read(dir)
		if err != nil {
			return nil, nil, err
		}
		h, name, size := &halves[i/2], f.name, int64(len(content))
		if i%2 == 0 {
			var dims []int
			if dims, h.pixels, err = readIDX(bytes.NewReader(content), size, name, 3); err != nil {
				return nil, nil, err
			}
			h.shape = []int{dims[0], 1, dims[1], dims[2]}
		} else if _, h.labels, err = readIDX(bytes.NewReader(content), size, name, 1); err != nil {
			return nil, nil, err
		}
		h.labelsName = name
	}
	return setsOfIDX("mnist", halves, strconv.Itoa)
}

// read returns the content of the file in a folder, as it lies there, packed or not.
func (f mnistFile) read(dir string) ([]byte, error) {
	path := filepath.Join(dir, f.name+".gz")
	content, err := readChecked(path, f.gzSize, f.gzSum)
	if errors.Is(err, ErrNotFound) {
		path = filepath.Join(dir, f.name)
		content, err = readChecked(path, f.plainSize, f.plainSum)
	}
	if errors.Is(err, ErrNotFound) {
		return nil, errors.WithMessage(err, "neither it nor its .gz is there")
	}
	return content, err
}

// readChecked reads a file of a known size and SHA-256.
func readChecked(path string, size int64, sum string) ([]byte, error) {
	file, found, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if found != size {
		return nil, errors.Wrapf(ErrChecksum, "%s: length: found %d bytes, expected %d", printable(path), found, size)
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(file, content); err != nil {
		return nil, errors.Wrapf(ErrFormat, "%s: reading: %v", printable(path), err)
	}
	return content, checkSum(path, sha256.Sum256(content), sum)
}

func checkSum(name string, found [sha256.Size]byte, want string) error {
	if got := hex.EncodeToString(found[:]); got != want {
		return errors.Wrapf(ErrChecksum, "%s: SHA-256: found %s, expected %s", printable(name), got, want)
	}
	return nil
}
