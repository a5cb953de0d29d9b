package weightfile

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/internal/npz"
)

// identifyZip says what a zip archive is by the names in it.
func identifyZip(r io.ReaderAt, size int64) Content {
	z, err := npz.Open(r, size)
	if err != nil {
		return Content{What: fmt.Sprintf("a zip archive that cannot be read: %v", err), Advice: againHint, broken: true}
	}
	has := map[string]bool{} // last parts of names, and endings
	var names []string
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, macFolder) || strings.HasSuffix(f.Name, "/") {
			continue
		}
		has[path.Base(f.Name)], has[path.Ext(f.Name)] = true, true
		if len(names) < 3 {
			names = append(names, strconv.Quote(clip(f.Name, 40)))
		}
	}
	switch {
	case has["data.pkl"] && has["constants.pkl"]:
		return Content{What: "a TorchScript network", Advice: "in PyTorch: torch.save(torch.jit.load('FILE').state_dict(), 'w.pt')"}
	case has["data.pkl"]:
		return pytorch
	case has["model.weights.h5"]:
		return Content{What: "a Keras file (.keras)", Advice: kerasHint}
	case has[".npy"]:
		return Content{Format: NPZ, What: "an npz file", Advice: convertHint, tensors: openNPZ}
	case has["archive_format"] || has["serialized_exported_program.json"]:
		return Content{What: "a network that torch.export wrote", Advice: torchHint}
	case has["saved_model.pb"]:
		return Content{What: "a zip archive of a TensorFlow SavedModel", Advice: unpackHint}
	case has[".mlmodel"]:
		return Content{What: "a zip archive of a Core ML package", Advice: onnxHint}
	case len(names) == 0:
		return Content{What: "an empty zip archive", Advice: againHint, broken: true}
	}
	return Content{What: fmt.Sprintf("a zip archive of %s", strings.Join(names, ", ")), Advice: unpackHint}
}

// pytorch is what torch.save writes.
var pytorch = Content{Format: PyTorch, What: "a PyTorch file", Advice: convertHint, tensors: readPyTorch}

// What torch.save writes first without zip is a number, as pickle protocols 0
// and 1 have it, and the later ones.
var torchMagics = []string{"L119547037146038801333356L\n.", "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."}

func looksLikePickle(head []byte) bool {
	return len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5 || bytes.HasPrefix(head, []byte(torchMagics[0]))
}

func identifyPickle(head []byte) Content {
	for _, magic := range torchMagics {
		if bytes.Contains(head[:min(len(head), 40)], []byte(magic)) {
			return pytorch
		}
	}
	return Content{What: "a Python pickle, not of PyTorch", Advice: pickleHint}
}
