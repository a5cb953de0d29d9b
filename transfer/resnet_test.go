package transfer_test

import (
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/train"
	"github.com/lastlayer/lastlayer/transfer"
	"github.com/lastlayer/lastlayer/transfer/foreign"
)

// pictures are images [C,H,W] with labels.
type pictures struct {
	shape  []int
	values []float32
	labels []int
}

func (p pictures) Len() int            { return len(p.labels) }
func (p pictures) ExampleShape() []int { return slices.Clone(p.shape) }
func (p pictures) Label(i int) int     { return p.labels[i] }
func (p pictures) Gather(dst []float32, indices []int) {
	n := len(p.values) / len(p.labels)
	for i, index := range indices {
		copy(dst[i*n:(i+1)*n], p.values[index*n:(index+1)*n])
	}
}

// randomPictures returns n images of random colours [3,size,size], of 5 classes.
func randomPictures(n, size int) pictures {
	p := pictures{shape: []int{3, size, size}, values: make([]float32, n*3*size*size)}
	rng := rand.New(rand.NewPCG(7, 8))
	for i := range p.values {
		p.values[i] = 2*rng.Float32() - 1
	}
	for i := range n {
		p.labels = append(p.labels, i%5)
	}
	return p
}

// zooNetwork returns a network of the zoo with random weights, and statistics
// that change something.
func zooNetwork(t testing.TB, arch string, classes, size int) *model.Network {
	t.Helper()
	spec, err := zoo.Spec(arch, classes, size)
	must(t, err)
	n := smallnet.Of(spec, initial(t, spec))
	rng := rand.New(rand.NewPCG(9, 9))
	for _, name := range n.Weights.Names() {
		low, high := float32(0), float32(0)
		switch {
		case strings.HasSuffix(name, "/mean"), strings.HasSuffix(name, "/bias"):
			low, high = -0.2, 0.2
		case strings.HasSuffix(name, "/variance"):
			low, high = 0.5, 1.5
		case strings.HasSuffix(name, "/scale"):
			low, high = 0.8, 1.2
		default:
			continue
		}
		for i := range n.Weights.Get(name).Float32s() {
			n.Weights.Get(name).Float32s()[i] = low + (high-low)*rng.Float32()
		}
	}
	return n
}

// TestLastBlockAgainstPyTorch trains the last block of a ResNet-18, its batch
// normalisations included, and fc, for ten steps of momentum, on cached features
// and without: PyTorch in evaluation mode has the same losses and weights.
func TestLastBlockAgainstPyTorch(t *testing.T) {
	const images, size, steps = 10, 64, 10
	python, folder := peer.Python(t, "torch", "torchvision"), t.TempDir()
	peer.RunPython(t, python, "block_peer.py", "64", "10", "10", folder)
	spec, err := zoo.Spec("resnet18", 5, size)
	must(t, err)
	weights := func(name string) *model.Weights {
		tensors, err := weightfile.ReadTensors(filepath.Join(folder, name))
		must(t, err)
		w, _, err := foreign.Import(tensors, spec, foreign.Options{})
		must(t, err)
		return w
	}
	run, err := weightfile.ReadTensors(filepath.Join(folder, "run.npz"))
	must(t, err)
	data := pictures{shape: []int{3, size, size}, values: run.Get("images").Values}
	var all []int
	for i, label := range run.Get("labels").Values {
		data.labels, all = append(data.labels, int(label)), append(all, i)
	}
	before, after := weights("before.pt"), weights("after.pt")
	for _, noCache := range []bool{false, true} {
		n := smallnet.Of(spec, before.Clone())
		head, err := transfer.NewHead(t.Context(), n, data, transfer.Options{Select: model.Layers("layer4.1.*", "fc"), Batch: images, NoCache: noCache})
		must(t, err)
		defer head.Close()
		trainer, err := head.Trainer(train.NewMomentum(0.01, 0.9), 1)
		must(t, err)
		defer trainer.Close()
		worstLoss := 0.0
		for step := range steps {
			r, err := trainer.Step(head.Data, all)
			must(t, err)
			worstLoss = math.Max(worstLoss, math.Abs(r.Loss-float64(run.Get("losses").Values[step])))
		}
		d := difference(n.Weights, after)
		t.Logf("without cache %v: losses %.4g to %.4g, largest difference %.2g; of the weights %.2g", noCache, run.Get("losses").Values[0], run.Get("losses").Values[steps-1], worstLoss, d)
		if !(worstLoss <= 1e-4) || !(d <= 1e-4) {
			t.Errorf("without cache %v: the losses differ by %g, the weights by %g, expected at most 1e-4", noCache, worstLoss, d)
		}
		for _, name := range n.Weights.Names() {
			moved, trained := n.Weights.Hash(name) != before.Hash(name), slices.Contains(head.Result.Trained, name)
			if moved != trained || trained != (after.Hash(name) != before.Hash(name)) {
				t.Errorf("%s: found trained %v, moved %v, moved by PyTorch %v", name, trained, moved, after.Hash(name) != before.Hash(name))
			}
		}
	}
}

// TestRetrainResNet retrains the last layer, and the last stage, of a ResNet-18
// on cached features and without: frozen tensors keep their bytes, and both ways
// come to the same weights.
func TestRetrainResNet(t *testing.T) {
	data, n := randomPictures(10, 64), zooNetwork(t, "resnet18", 5, 64)
	for _, selection := range []model.Selection{model.Last(1), model.Layers("layer4*")} {
		weights := map[bool]*model.Weights{}
		for _, noCache := range []bool{false, true} {
			own := smallnet.Of(n.Spec, n.Weights.Clone())
			result, err := transfer.Retrain(t.Context(), own, data, transfer.Options{
				Select: selection, Batch: 5, Seed: 5, NoCache: noCache, Train: train.Options{Epochs: 2},
				Solver: &train.Solver{Rule: train.Momentum{Momentum: 0.9}, LearningRate: 0.001, WeightDecay: 1e-3}})
			must(t, err)
			checkTraining(t, result, n.Weights, own.Weights)
			weights[noCache] = own.Weights
		}
		d := difference(weights[false], weights[true])
		t.Logf("%s: largest difference %g", selection, d)
		if !(d <= 1e-5) {
			t.Errorf("%s: the weights differ by %g, expected at most 1e-5", selection, d)
		}
	}
}
