package command

import (
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/transfer/explain"
)

// layerTable prints which layers are trained, before the training.
func layerTable(out *output, spec model.Spec, trained []string) error {
	table, err := explain.LayerTable(spec, trained)
	out.lines(table)
	return err
}
