package onnx

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Network is what a file holds.
type Network struct {
	*model.Network
	// Notes are sentences about what of the file is not in the network, such as a
	// Softmax at its end.
	Notes []string
}

// Read reads an image classifier that any program wrote. Its layers are named
// after their weights, and the network ends in the logits.
//
// Classes and Prep are set only where Write made the file. Numbers of 16 and 64
// bits become float32. Only the file is read, and files of weights in the same
// folder that it names.
//
// The error's cause is ErrFormat, ErrUnsupported, model.ErrSpec,
// model.ErrWeights or one of the operating system.
func Read(path string) (*Network, error) { return readFile(path, "") }

// ReadUntil reads as Read does the part of a network that ends with a layer,
// flattened. What lies above may have operators that Read refuses; its error
// says which layers are below.
func ReadUntil(path, layer string) (*Network, error) { return readFile(path, layer) }

func readFile(path, until string) (*Network, error) {
	data, err := readWhole(path)
	if err != nil {
		return nil, err
	}
	n, err := decode(data, filepath.Dir(path), until)
	return n, errors.WithMessage(err, path)
}

// readWhole reads a regular file that is no longer than protobuf allows.
func readWhole(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	if !info.Mode().IsRegular() || info.Size() > math.MaxInt32 {
		return nil, damaged("%s: found %d bytes, expected a regular file of at most 2 GiB", path, info.Size())
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	defer f.Close()
	data := make([]byte, info.Size())
	_, err = io.ReadFull(f, data)
	return data, errors.Wrap(err, path)
}

// Decode reads a network from memory, as Read does from disk. Weights in other
// files are refused.
func Decode(data []byte) (*Network, error) { return decode(data, "", "") }

// reader turns the graph of a file into layers.
type reader struct {
	file     *file
	folder   string // of external data; "" for none
	until    string
	anything bool   // the output may have any shape: of a test of one operator
	seen     *value // that output

	budget  budget
	values  map[string]*value
	failed  map[string]error // names that cannot be had
	readers map[string]int   // how many nodes read a name
	made    map[string]*operator
	batch   [2]int64 // two sizes that the batch may have

	spec    model.Spec
	shapes  map[string][]int // by layer
	weights *model.Weights
	given   map[*constant]bool // whose numbers are some layer's weights themselves
	names   map[string]bool    // of layers
	taken   map[string]int
	foldsIn map[string]bool // layers made of constant factors, which take in more of them
	flat    map[string]string
	notes   []string
}

func decode(data []byte, folder, until string) (*Network, error) {
	f, err := decodeModel(data)
	if err != nil {
		return nil, err
	}
	return newReader(f, folder, until).read()
}

func newReader(f *file, folder, until string) *reader {
	return &reader{
		file: f, folder: folder, until: until, budget: newBudget(),
		values: map[string]*value{}, failed: map[string]error{}, readers: map[string]int{},
		shapes: map[string][]int{}, weights: model.NewWeights(), given: map[*constant]bool{},
		names: map[string]bool{}, taken: map[string]int{}, foldsIn: map[string]bool{}, flat: map[string]string{},
	}
}

func (r *reader) read() (*Network, error) {
	nodes, err := r.live()
	if err != nil {
		return nil, err
	}
	if err := r.addInput(nodes); err != nil {
		return nil, err
	}
	for _, n := range nodes {
		err := r.add(n)
		if err == nil {
			continue
		}
		if r.until == "" {
			return nil, err
		}
		for _, name := range n.outputs {
			r.failed[name] = err
		}
	}
	last, err := r.end()
	if err != nil {
		return nil, err
	}
	r.prune(last)
	n := &model.Network{Spec: r.spec, Weights: r.weights}
	if err := r.describe(n); err != nil {
		return nil, err
	}
	if err := n.Weights.Check(n.Spec); err != nil {
		return nil, err
	}
	return &Network{n, r.notes}, nil
}

// live returns the nodes that the first output depends on, patterns of several
// replaced by one, in the order of the file.
func (r *reader) live() ([]*operator, error) {
	made := map[string]*operator{}
	for _, n := range r.file.nodes {
		for _, name := range n.outputs {
			if name == "" {
				continue
			}
			if made[name] != nil || r.file.initializers[name] != nil {
				return nil, damaged("%.100q: found the name twice, expected each value once", name)
			}
			made[name] = n
		}
	}
	r.made = made
	newRewriter(r, made).rewrite()
	wanted := map[string]bool{r.file.outputs[0].name: true}
	if r.until != "" {
		for _, n := range r.file.nodes {
			for _, name := range n.inputs {
				wanted[name] = true
			}
		}
	}
	var nodes []*operator
	for _, n := range slices.Backward(r.file.nodes) {
		if !slices.ContainsFunc(n.outputs, func(name string) bool { return name != "" && wanted[name] }) {
			continue
		}
		nodes = append(nodes, n)
		for _, name := range n.inputs {
			wanted[name] = true
			r.readers[name]++
		}
	}
	slices.Reverse(nodes)
	if len(r.file.outputs) > 1 {
		r.note("the first output, %.100q, is taken; the file has %d", r.file.outputs[0].name, len(r.file.outputs))
	}
	r.readers[r.file.outputs[0].name]++
	return nodes, nil
}
