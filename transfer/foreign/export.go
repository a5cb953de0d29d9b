package foreign

import (
	"encoding/json"
	"path/filepath"

	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

// Export writes the weights of a network to path, as safetensors or npz by the
// path's ending, in the names and the order of axes of a framework. Weights of
// whole layers may be missing. Safetensors in our own layout is a file of ours,
// which weightfile.ReadPartial reads; the others hold weights, and spec, labels
// and preprocessing as JSON where the format has metadata. The error's cause is
// as weightfile.Write's.
func Export(path string, n *model.Network, layout Layout) error {
	if layout == Ours && filepath.Ext(path) == ".safetensors" {
		return weightfile.WritePartial(path, n)
	}
	if err := weightfile.Check(n, true); err != nil {
		return errors.Wrap(err, path)
	}
	t, err := exportTensors(n, layout)
	if err != nil {
		return errors.Wrap(err, path)
	}
	return weightfile.WriteTensors(path, t)
}

func exportTensors(n *model.Network, layout Layout) (*weightfile.Tensors, error) {
	places, err := layout.places(n.Spec)
	if err != nil {
		return nil, err
	}
	t := &weightfile.Tensors{Metadata: map[string]string{"layout": string(layout)}}
	if layout == PyTorch {
		t.Metadata["format"] = "pt" // the transformers library asks for it
	}
	for name, v := range map[string]any{"spec": n.Spec, "classes": n.Classes, "preprocessing": n.Prep} {
		text, err := json.Marshal(v)
		if err != nil {
			return nil, errors.Wrap(err, name)
		}
		t.Metadata[name] = string(text)
	}
	for _, p := range places {
		if w := n.Weights.Get(p.weight.Name); w != nil {
			t.List = append(t.List, weightfile.Tensor{Name: p.name, DType: "F32", Shape: p.how.shape, Values: p.how.fromOurs(w.Float32s())})
		}
	}
	return t, nil
}
