// Package graphop adds the layers of a network to a Gorgonia graph as single
// nodes, each with its gradient: convolution, dense layers, pooling, batch and layer
// normalisation, activations, sums and products, dropout masks and softmax
// cross-entropy.
//
// There are few things to know:
//
//   - Scope is what the operators of one graph share: the graph and the number
//     of rows of its batches. Every function takes it first.
//   - Conv, Dense, MaxPool, Add, CrossEntropy and the others add a node. Constant
//     adds a tensor that never changes, a frozen weight.
//   - Wants says which gradients an operator has. What is not wanted is never
//     added to the graph, so nothing is computed towards a frozen weight.
//   - Operator is what such a node's Op() is; it tells Kind, Cost and, of a
//     Constant, the tensor. Scope.Observe reports each one as it runs.
//
// All values are float32, row-major and contiguous: images [N,C,H,W], kernels
// [out,in/groups,kh,kw], dense weights [in,out]. N is the Scope's capacity; SetRows
// uses less of it.
//
// # Caveats
//
// An operator owns the memory of its output and of its gradients and
// overwrites it in the next run: copy what is to be kept. So a graph has one
// machine at a time, and a Scope one graph.
//
// Put only operators of this package on a Constant, and on an output that is
// to be read after the run. Gorgonia's own may compute in place: what they
// overwrite is then the frozen weight itself.
//
// Names are unique in a graph, those of operators and of variables alike.
// Gorgonia merges nodes whose hashes agree, and the hash here is of the name.
//
// A Scope makes scratch memory for the number of threads at that time: set
// the number first.
//
// Results do not depend on the number of threads, to the bit. They do depend
// on the kernel of the matrix product, see package gemm.
//
// Convolutions with kernels of 5×5, stride 1 and eight channels or more on both
// sides are computed in tiles by package winograd, with a fifth of the products and
// rounding errors of some 3e-6 of the largest value. Cost counts the products of
// the definition.
//
// NaN is carried through, not hidden; where a convolution is computed in tiles it
// takes the whole tile. The derivative of ReLU at 0 is 0. No gradient flows to
// where ReLU gave NaN.
package graphop
