package beam

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
	"github.com/pkg/errors"

	// The file systems supported for images, networks and results.
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/gcs"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/local"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/memfs"
)

// image is an image file.
type image struct {
	Path string // as its file system expects it
	Name string // relative to the folder of the data set, with slashes

	Label int // index into listing.Classes, if classes were requested
	Half  int // dataset.Half
}

// listing describes all images.
type listing struct {
	Classes []string // in ascending order
	Files   int
	Sum     uint64 // as in feature.Listing
}

// bad is an image without a result.
type bad struct {
	Path  string
	Error string
}

func init() {
	beam.RegisterType(reflect.TypeFor[image]())
	beam.RegisterType(reflect.TypeFor[listing]())
	beam.RegisterType(reflect.TypeFor[bad]())
	// Not with package register, whose generic functions take a minute to compile. A
	// call by reflection takes a microsecond, an image a thousand times longer.
	beam.RegisterDoFn(reflect.TypeFor[listFn]())
}

// listFn lists the images. It lists all of them in one bundle, so that everything that
// depends on the listing is consistent. It requests only names: asking for the size and
// date of each of ten million images, as fileio.MatchFiles does, would take days.
type listFn struct {
	Globs   []string
	Classes bool // take labels from the folders
}

func (f *listFn) ProcessElement(ctx context.Context, _ []byte, emit func(image), emitBad func(bad), emitListing func(listing)) error {
	root, images, err := list(ctx, f.Globs)
	if err != nil {
		return err
	}
	var all listing
	if f.Classes {
		var wrong []bad
		if images, wrong, all, err = label(ctx, root, images); err != nil {
			return err
		}
		for _, b := range wrong {
			emitBad(b)
		}
		beam.NewCounter(Counters, ImagesFailed).Inc(ctx, int64(len(wrong)))
		failed.Add(int64(len(wrong)))
	}
	for _, i := range images {
		if !hidden(i.Name) {
			emit(i)
		}
	}
	emitListing(all)
	return nil
}

// list returns the files that match the patterns, each once, in ascending order of their
// paths, and the folder that their names are relative to.
func list(ctx context.Context, globs []string) (root string, images []image, err error) {
	globs = oneSpelling(globs)
	root = rootOf(globs)
	var paths []string
	for _, glob := range globs {
		found, err := match(ctx, glob)
		if err != nil {
			return "", nil, err
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	for _, p := range slices.Compact(paths) {
		images = append(images, image{Path: p, Name: filepath.ToSlash(strings.TrimPrefix(p, root))})
	}
	return root, images, nil
}

// oneSpelling returns the patterns such that a file that several match has the same path
// by each: local ones are cleaned, like the names found, and absolute if need be.
func oneSpelling(globs []string) []string {
	globs = slices.Clone(globs)
	absolutely := false
	for i, glob := range globs {
		if isLocal(glob) {
			globs[i] = filepath.Clean(glob)
			absolutely = absolutely || len(globs) > 1 && (filepath.IsAbs(glob) || strings.HasPrefix(globs[i], ".."))
		}
	}
	if absolutely {
		for i, glob := range globs {
			globs[i] = absolute(glob)
		}
	}
	return globs
}

// match returns the files that match a pattern: one or more. Folders and others that are
// no files are among them; reading them fails. An unreadable folder above is an error;
// the local file system would skip it.
func match(ctx context.Context, glob string) ([]string, error) {
	fs, err := filesystem.New(ctx, glob)
	if err != nil {
		return nil, err
	}
	defer fs.Close()
	if isLocal(glob) {
		if err := readable(filepath.Dir(glob)); err != nil {
			return nil, err
		}
	}
	found, err := fs.List(ctx, glob)
	if err != nil {
		return nil, errors.Wrap(err, glob)
	}
	folder := func(p string) bool {
		if !isLocal(p) {
			return strings.HasSuffix(p, "/") // placeholder for a folder in a bucket
		}
		info, err := os.Stat(p)
		return err == nil && info.IsDir()
	}
	switch {
	case len(found) == 0:
		return nil, errors.Errorf("%s: found no files", glob)
	case !slices.ContainsFunc(found, func(p string) bool { return !folder(p) }):
		return nil, errors.Errorf("%s: found only folders, as %s, expected files: perhaps %s", glob, found[0], strings.TrimSuffix(glob, "/")+"/*")
	case !isLocal(glob):
		found = slices.DeleteFunc(found, folder)
	}
	return found, nil
}

// readable returns an error if a local folder cannot be read that the pattern matches,
// or that the part of it above matches.
func readable(pattern string) error {
	if above := filepath.Dir(pattern); above != pattern && strings.ContainsAny(above, wildcards) {
		if err := readable(above); err != nil {
			return err
		}
	}
	folders, err := filepath.Glob(pattern)
	if err != nil {
		return errors.Wrap(err, pattern)
	}
	for _, folder := range folders {
		if info, err := os.Stat(folder); err == nil && !info.IsDir() {
			continue
		}
		f, err := os.Open(folder)
		if err != nil {
			return errors.WithStack(err)
		}
		_, err = f.Readdirnames(1)
		f.Close()
		if err != nil && err != io.EOF {
			return errors.WithStack(err)
		}
	}
	return nil
}

// wildcards are the characters that make a name a pattern.
const wildcards = `*?[\`

// isLocal reports whether a path is on this machine.
func isLocal(path string) bool { return !strings.Contains(path, "://") }

// rootOf returns the common folder of the patterns' images, ending in a slash. For
// "gs://photos/train/*/*.jpg" it is the part before the first folder with a wildcard;
// for several patterns it is the part they share.
func rootOf(globs []string) string {
	var root string
	for i, glob := range globs {
		fixed := glob
		if at := strings.IndexAny(glob, wildcards); at >= 0 {
			fixed = glob[:at]
		}
		fixed = fixed[:strings.LastIndex(fixed, "/")+1]
		if i == 0 {
			root = fixed
		}
		for !strings.HasPrefix(fixed, root) {
			root = root[:strings.LastIndex(strings.TrimSuffix(root, "/"), "/")+1]
		}
	}
	return root
}
