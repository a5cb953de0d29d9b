package weightfile_test

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/border"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// TestBorder hands nil, zero values and weights of another shape to all that
// writes or reads: an error, and no file.
func TestBorder(t *testing.T) {
	spec := smallnet.Digits()
	good := func(change func(n *model.Network)) *model.Network {
		n := &model.Network{Spec: spec, Weights: smallnet.Init(t, spec), Prep: dataset.MNISTPreprocessing(),
			Classes: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}}
		change(n)
		return n
	}
	smallnet.Must(t, weightfile.Check(good(func(*model.Network) {}), false))
	folder := t.TempDir()
	path := filepath.Join(folder, "file")
	b := border.New(t)
	write := func(reason string, n *model.Network) {
		b.Refuse("Check", reason, nil, func() error { return weightfile.Check(n, false) })
		b.Refuse("Check", "partial, "+reason, nil, func() error { return weightfile.Check(n, true) })
		b.Refuse("Write", reason, nil, func() error { return weightfile.Write(path, n) })
		b.Refuse("WritePartial", reason, nil, func() error { return weightfile.WritePartial(path, n) })
		b.Refuse("WriteState", reason, nil, func() error { return weightfile.WriteState(path, n, nil) })
	}
	write("no network", nil)
	write("the zero value", &model.Network{})
	write("no weights", good(func(n *model.Network) { n.Weights = nil }))
	write("zero weights", good(func(n *model.Network) { n.Weights = &model.Weights{} }))
	write("no spec", good(func(n *model.Network) { n.Spec = model.Spec{} }))
	write("no classes", good(func(n *model.Network) { n.Classes = nil }))
	write("no preprocessing", good(func(n *model.Network) { n.Prep = dataset.Preprocessing{} }))
	for reason, value := range map[string]*tensor.Dense{
		"no tensor":          nil,
		"the zero tensor":    {},
		"a shape turned":     tensor.New(tensor.WithShape(10, 24), tensor.Of(tensor.Float32)),
		"a tensor of others": tensor.New(tensor.WithShape(24, 10), tensor.Of(tensor.Float64)),
	} {
		write(reason, good(func(n *model.Network) { n.Weights.Set("fc2/W", value) }))
		write(reason+" of a whole layer", good(func(n *model.Network) {
			n.Weights.Set("fc2/W", value)
			n.Weights.Set("fc2/b", value)
		}))
	}
	write("NaN", good(func(n *model.Network) { n.Weights.Get("fc2/b").Float32s()[3] = float32(math.NaN()) }))
	residual := smallnet.Residual()
	variance := smallnet.Init(t, residual)
	variance.Get("bn1/variance").Float32s()[1] = -1
	write("a variance below 0", good(func(n *model.Network) { n.Spec, n.Weights = residual, variance }))
	state := func(reason string, s weightfile.State) {
		b.Refuse("WriteState", reason, nil, func() error { return weightfile.WriteState(path, good(func(*model.Network) {}), s) })
	}
	state("no numbers", weightfile.State{"x": nil})
	state("infinity", weightfile.State{"x": {float32(math.Inf(1))}})

	tensors := func(reason string, x *weightfile.Tensors) {
		b.Refuse("WriteTensors", reason, nil, func() error { return weightfile.WriteTensors(path+".npz", x) })
	}
	tensors("nil", nil)
	tensors("the zero value", &weightfile.Tensors{})
	tensors("the zero tensor", &weightfile.Tensors{List: make([]weightfile.Tensor, 1)})
	tensors("fewer numbers than the shape", &weightfile.Tensors{List: []weightfile.Tensor{{Name: "a", DType: "F32", Shape: []int{3}, Values: []float32{1}}}})
	tensors("NaN", &weightfile.Tensors{List: []weightfile.Tensor{{Name: "a", DType: "F32", Shape: []int{1}, Values: []float32{float32(math.NaN())}}}})

	var file *os.File
	b.Refuse("Decode", "nothing", weightfile.ErrFormat, func() error { _, err := weightfile.Decode(nil, "x"); return err })
	b.Refuse("DecodePartial", "nothing", weightfile.ErrFormat, func() error { _, err := weightfile.DecodePartial(nil, "x"); return err })
	b.Refuse("IdentifyBytes", "no file", nil, func() error { _, err := weightfile.IdentifyBytes(nil, 10); return err })
	b.Refuse("IdentifyBytes", "a nil pointer", nil, func() error { _, err := weightfile.IdentifyBytes(file, 10); return err })
	b.Refuse("IdentifyBytes", "a length below 0", nil, func() error { _, err := weightfile.IdentifyBytes(os.Stdin, -1); return err })
	for _, name := range []string{"", filepath.Join(folder, "nowhere")} {
		b.Refuse("Identify", "no file", os.ErrNotExist, func() error { _, err := weightfile.Identify(name); return err })
		b.Refuse("Read", "no file", os.ErrNotExist, func() error { _, err := weightfile.Read(name); return err })
		b.Refuse("ReadAs", "no file", os.ErrNotExist, func() error { _, _, err := weightfile.ReadAs(name, weightfile.Unsaid{}); return err })
		b.Refuse("ReadPartial", "no file", os.ErrNotExist, func() error { _, err := weightfile.ReadPartial(name); return err })
		b.Refuse("ReadState", "no file", os.ErrNotExist, func() error { _, _, err := weightfile.ReadState(name); return err })
		b.Refuse("ReadSpec", "no file", os.ErrNotExist, func() error { _, err := weightfile.ReadSpec(name); return err })
		b.Refuse("ReadTensors", "no file", os.ErrNotExist, func() error { _, err := weightfile.ReadTensors(name); return err })
	}
	b.Refuse("ReplaceFile", "nobody who writes", nil, func() error { return weightfile.ReplaceFile(path, nil) })
	b.Refuse("ReplaceName", "nobody who writes", nil, func() error { return weightfile.ReplaceName(path, nil) })
	b.Refuse("ReplaceFile", "no name", nil, func() error { return weightfile.ReplaceFile("", func(io.Writer) error { return nil }) })
	b.Refuse("ReplaceFile", "an error", io.ErrShortWrite, func() error {
		return weightfile.ReplaceFile(path, func(io.Writer) error { return errors.WithStack(io.ErrShortWrite) })
	})
	b.Refuse("Content.Refusal", "the zero value", weightfile.ErrForeign, func() error { return weightfile.Content{}.Refusal("x", "y") })
	b.Complete()
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("found the files %v, expected none", left)
	}
	var none *weightfile.Tensors
	if none.Names() != nil || none.Get("x") != nil {
		t.Error("found something in nil Tensors")
	}
}
