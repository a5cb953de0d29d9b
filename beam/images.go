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

	Class string // name of its folder, if classes were requested
	Half  int    // dataset.Half
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
	images, err := list(ctx, f.Globs)
	if err != nil {
		return err
	}
	var all listing
	if f.Classes {
		var wrong []bad
		images, wrong, all = label(images)
		for _, b := range wrong {
			emitBad(b)
		}
		beam.NewCounter(Counters, ImagesFailed).Inc(ctx, int64(len(wrong)))
		failed.Add(int64(len(wrong)))
	}
	for _, i := range images {
		emit(i)
	}
	emitListing(all)
	return nil
}

// list returns the files that match the patterns, without duplicates, in ascending
// order.
func list(ctx context.Context, globs []string) ([]image, error) {
	globs = slices.Clone(globs)
	for i, glob := range globs {
		if isLocal(glob) {
			globs[i] = filepath.Clean(glob) // cleaned, like the names found
		}
	}
	root := rootOf(globs)
	var paths []string
	for _, glob := range globs {
		found, err := match(ctx, glob)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, errors.Errorf("%s: found no files", glob)
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	var images []image
	for _, p := range slices.Compact(paths) {
		name := filepath.ToSlash(strings.TrimPrefix(p, root))
		if !passedOver(name) {
			images = append(images, image{Path: p, Name: name})
		}
	}
	return images, nil
}

// match returns the files that match a pattern. An unreadable folder is an error; the
// local file system would skip it.
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
	return slices.DeleteFunc(found, func(p string) bool {
		if !isLocal(p) {
			return strings.HasSuffix(p, "/") // placeholder for a folder in a bucket
		}
		info, err := os.Stat(p)
		return err == nil && !info.Mode().IsRegular()
	}), nil
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

// passedOver reports whether dataset skips the file: hidden, or created by the
// operating system.
func passedOver(name string) bool {
	for _, part := range strings.Split(name, "/") {
		if strings.HasPrefix(part, ".") || part == "__MACOSX" || part == "Thumbs.db" || part == "desktop.ini" {
			return true
		}
	}
	return false
}
