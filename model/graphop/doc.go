// Package graphop adds the layers of a network to a Gorgonia graph as single
// nodes, each with its gradient: convolution, dense layers, pooling, batch and layer
// normalisation, activations, sums and products, dropout masks and softmax
// cross-entropy.
//
// The main types and functions are:
//
//   - Scope is shared by the operators of one graph: it holds the graph and the
//     number of rows of its batches. Every function takes it first.
//   - Conv, Dense, MaxPool, Add, CrossEntropy and the others add a node. Constant
//     adds a tensor that never changes, such as a frozen weight.
//   - Wants says which gradients an operator has. The others are never added to the
//     graph, so nothing is computed for a frozen weight.
//   - Operator is what such a node's Op() returns. It has Kind, Cost and, for a
//     Constant, the tensor. Scope.Observe reports each operator as it runs.
//   - Machine runs a graph of these operators without the overhead of Gorgonia's tape
//     machine, which runs any graph.
//
// All values are float32, row-major and contiguous: images [N,C,H,W], kernels
// [out,in/groups,kh,kw], dense weights [in,out]. N is the Scope's capacity; SetRows
// sets how many rows are in use.
//
// # Caveats
//
// An operator owns the memory of its output and gradients and overwrites it in the next
// run: copy what you want to keep. So use one machine at a time per graph, and one
// Scope per graph.
//
// Apply only operators of this package to a Constant, or to an output you read after
// the run. Gorgonia's own operators may compute in place and overwrite the frozen
// weight itself.
//
// Names are unique in a graph, across operators and variables. Gorgonia merges nodes
// with equal hashes, and the hash here is of the name.
//
// A Scope allocates scratch memory for the number of threads when it is made: set the
// number first.
//
// Results are identical, bit for bit, for any number of threads. They do depend on the
// kernel of the matrix product; see package gemm.
//
// Package winograd computes 5×5 convolutions with stride 1 and at least eight input and
// output channels, and 3×3 ones with at least sixteen. It uses a sixth to half of the
// products; rounding errors are about 2e-6 to 1.3e-5 of the largest value. Cost counts the
// products of direct convolution.
//
// NaN propagates; in a Winograd convolution it spreads to the whole tile. The
// derivative of ReLU at 0 is 0. No gradient passes where ReLU gave NaN.
package graphop
