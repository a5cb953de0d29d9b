package dataset

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pkg/errors"
)

// ImagesIn returns the paths of the images in a folder and in those beneath it, in
// ascending order: files that begin as images do, or are named so. Others are
// counted. Hidden files and folders are passed over, links to files followed, links
// to folders not, but for dir itself.
func ImagesIn(ctx context.Context, dir string) (images []string, others int, err error) {
	root := dir
	if info, err := os.Lstat(dir); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		root += string(filepath.Separator) // WalkDir follows no link
	}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case path != root && Hidden(e.Name()):
			if e.IsDir() {
				return fs.SkipDir
			}
			others++
		case e.IsDir():
		case looksLikeImage(path):
			images = append(images, path)
		default:
			others++
		}
		return nil
	})
	return images, others, errors.WithStack(err)
}

// looksLikeImage reports whether a file is to be read as an image. One that cannot be
// opened is judged by its name.
func looksLikeImage(path string) bool {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return false
	}
	if namedAsImage(path) {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 16)
	n, _ := io.ReadFull(f, head) // a shorter file is judged by what it has
	return isImage(head[:n])
}
