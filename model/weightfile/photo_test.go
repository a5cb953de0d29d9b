package weightfile_test

import (
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
)

// TestPhotoPreprocessing writes and reads what photos go through, as ours and as
// ONNX. A program that does not know of it must not read the file.
func TestPhotoPreprocessing(t *testing.T) {
	spec := model.Spec{Input: []int{3, 4, 4}, Layers: []model.Layer{{Name: "fc", Kind: model.Dense{Out: 2}}}}
	n := smallnet.Of(spec, smallnet.Init(t, spec))
	n.Classes, n.Prep = []string{"a", "b"}, dataset.ImageNetPreprocessing(5, dataset.Bicubic)
	folder := t.TempDir()
	ours, other := filepath.Join(folder, "n.safetensors"), filepath.Join(folder, "n.onnx")
	smallnet.Must(t, weightfile.Write(ours, n))
	smallnet.Must(t, onnx.Write(other, n, onnx.Options{}))
	for _, path := range []string{ours, other} {
		back, err := weightfile.Read(path)
		smallnet.Must(t, err)
		if back.Prep != n.Prep {
			t.Errorf("%s: found %v, expected %v", path, back.Prep, n.Prep)
		}
	}
	tensors, err := weightfile.ReadTensors(ours)
	smallnet.Must(t, err)
	if v := tensors.Metadata["lastlayer.version"]; v != "2" {
		t.Errorf("found version %s, expected 2", v)
	}
	n.Prep.Photo.Resize = 3
	if err := weightfile.Write(ours, n); err == nil {
		t.Error("found no error where photos become smaller than the network's images")
	}
}
