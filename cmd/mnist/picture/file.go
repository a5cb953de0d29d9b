package picture

import (
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// CheckName returns an error unless the name of a file has one of the endings.
func CheckName(path string, endings ...string) error {
	if slices.Contains(endings, filepath.Ext(path)) {
		return nil
	}
	last := len(endings) - 1
	return errors.Errorf("found %q, expected a name that ends in %s or %s", path, strings.Join(endings[:last], ", "), endings[last])
}

// Write writes the picture into a file, .svg or .png by its name. The file is
// there in whole or stays as it was.
func (p Picture) Write(path string) error {
	if err := CheckName(path, ".svg", ".png"); err != nil {
		return err
	}
	file := p.PNG
	if filepath.Ext(path) == ".svg" {
		file = p.SVG
	}
	data, err := file()
	if err != nil {
		return err
	}
	return writeFile(path, data)
}

// WriteGraph writes the graph that a trainer runs into a file: its layers, .svg, .png
// or .dot by the file's name, or with nodes every node, for Graphviz.
func WriteGraph(path string, t *train.Trainer, nodes bool) error {
	g, err := Of(t)
	if err != nil {
		return err
	}
	if nodes {
		return g.WriteNodes(path)
	}
	return g.Write(path)
}

// Write writes the graph of layers into a file, .svg, .png or .dot by its name.
func (g Graph) Write(path string) error {
	if filepath.Ext(path) == ".dot" {
		return writeFile(path, []byte(g.DOT()))
	}
	return g.Picture().Write(path)
}

// WriteNodes writes the graph of every node into a file for Graphviz.
func (g Graph) WriteNodes(path string) error { return writeFile(path, []byte(g.NodesDOT())) }

func writeFile(path string, data []byte) error {
	return weightfile.ReplaceFile(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
