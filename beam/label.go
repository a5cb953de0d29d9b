package beam

import (
	"cmp"
	"context"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// label gives each image its class and half, by the rules of dataset.Open for the folder
// root. Images without a place in such a folder are returned in wrong; hidden ones are
// passed over. images are in ascending order of their paths.
func label(ctx context.Context, root string, images []image) (labelled []image, wrong []bad, all listing, err error) {
	names := make([]string, len(images))
	for n, i := range images {
		names[n] = i.Name
	}
	opt := dataset.Options{Warn: func(message string) { log.Warn(ctx, message) }}
	folder, err := dataset.ListNames(cmp.Or(root, "./"), names, opt)
	if err != nil {
		return nil, nil, all, err
	}
	var sum feature.Listing
	for _, f := range folder.Files {
		sum.Add(f.Path)
	}
	all = listing{folder.Classes, sum.Files, sum.Sum}
	slices.SortFunc(folder.Files, func(a, b dataset.FolderFile) int { return strings.Compare(a.Path, b.Path) })
	for _, i := range images {
		at, placed := slices.BinarySearchFunc(folder.Files, i.Name, func(f dataset.FolderFile, name string) int { return strings.Compare(f.Path, name) })
		switch {
		case placed && !utf8.ValidString(i.Name):
			wrong = append(wrong, bad{shown(i.Path), "path: expected UTF-8: rename the file"})
		case placed:
			i.Label, i.Half = folder.Files[at].Label, int(folder.Files[at].Half)
			labelled = append(labelled, i)
		case strings.Contains("/"+i.Name, "//") && !hidden(i.Name):
			wrong = append(wrong, bad{shown(i.Path), "path: found two slashes in a row, expected the name of a folder between them: rename the file"})
		case !hidden(i.Name):
			wrong = append(wrong, bad{shown(i.Path), "found it outside the folders of the classes, expected it in one, such as " + path.Dir(folder.Files[0].Path)})
		}
	}
	return labelled, wrong, all, nil
}

// hidden reports whether a file is hidden, or in a hidden folder.
func hidden(name string) bool { return slices.ContainsFunc(strings.Split(name, "/"), dataset.Hidden) }
