package weightfile

import "slices"

// Tensor is one named array of a file.
type Tensor struct {
	Name  string
	DType string // as safetensors calls it: F32, F16, BF16, F64, I64, ...
	Shape []int  // empty for a single number
	// Values are row-major, as many as the product of Shape. Half and double
	// precision are converted. Nil when the numbers are not floating point:
	// such a tensor is listed, but holds no weights.
	Values []float32
}

// Tensors is what a file holds, in whatever layout. Nil Tensors can be read, as
// an empty list.
type Tensors struct {
	File     string            // where it came from, for errors
	Metadata map[string]string // of safetensors; of PyTorch, where in the file the weights were; nil for npz
	List     []Tensor          // in the order of the file
}

// Names returns the names of the tensors, in the order of the file.
func (t *Tensors) Names() []string {
	if t == nil {
		return nil
	}
	names := make([]string, len(t.List))
	for i, e := range t.List {
		names[i] = e.Name
	}
	return names
}

// Get returns the tensor of that name, or nil.
func (t *Tensors) Get(name string) *Tensor {
	if t == nil {
		return nil
	}
	i := slices.IndexFunc(t.List, func(e Tensor) bool { return e.Name == name })
	if i < 0 {
		return nil
	}
	return &t.List[i]
}
