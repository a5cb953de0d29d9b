package command

import (
	"io"
	"path/filepath"

	"github.com/lastlayer/lastlayer/cmd/mnist/picture"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// drawGraph draws the graph of a trainer into a file of the kind its name
// says.
func drawGraph(path string, t *train.Trainer, nodes bool) error {
	g, err := picture.Of(t)
	if err != nil {
		return err
	}
	var data []byte
	switch kind := filepath.Ext(path); {
	case kind == ".dot" && nodes:
		data = []byte(g.NodesDOT())
	case kind == ".dot":
		data = []byte(g.DOT())
	case nodes:
		return usage(errors.Errorf("--nodes: found %q, expected a .dot file, to be laid out by Graphviz", path))
	case kind == ".svg":
		data, err = g.SVG()
	case kind == ".png":
		data, err = g.PNG()
	default:
		return usage(errors.Errorf("--graph: found %q, expected a name that ends in .svg, .png or .dot", path))
	}
	if err != nil {
		return err
	}
	return weightfile.ReplaceFile(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
