// Package model is what a network is: its layers as data, its weights as data,
// and the Gorgonia graph built from the two.
//
// There are few types to know:
//
//   - Spec is the shape of an input and the layers: a chain, or where layers
//     name their Inputs, a graph. It marshals to JSON; ParseSpec reads it back
//     and checks it. DeepMNIST is the MNIST network. A layer's Kind says what it
//     does: Conv, Dense, BatchNorm, Add, …, a file each.
//   - Weights is an ordered set of named float32 tensors, "conv1/W", "conv1/b",
//     and so on. Init draws fresh ones, Reinit draws those of some layers anew.
//   - Network is a Spec, its Weights, the classes' names and how its images are
//     prepared: what a file holds, and what functions take. Network.Fit makes
//     data fit it.
//   - Selection says which layers are trained: Last, Layers, All or None. Cut
//     says what never changes then.
//   - Net is the graph, made by Build. Trained weights are its variables, all
//     others are constants. Net.Trainable is the list to give to gorgonia.Grad.
//
// Images are [N,C,H,W], kernels [out,in,kh,kw], dense weights [in,out].
//
// # Caveats
//
// The selection is fixed when the graph is built. To train other layers, build
// another Net; the weights can be the same.
//
// A Net shares the memory of its Weights, so a graph for evaluation sees what
// another one trains. One machine at a time may run a Net, and machines of two
// Nets that share weights must not run at the same time.
//
// Operators of Gorgonia's own put on the node of a frozen weight may compute in
// place and overwrite it; see package graphop.
//
// Dropout is a mask that whoever runs the graph draws before each run, see
// Net.Masks. Layers below the cut (see Cut) run without dropout, as they do in
// evaluation: their output never changes and can be computed once.
//
// Bounds on what a Spec may ask for keep a hostile file from taking all memory:
// 4000 layers, 2^26 numbers in one output, 2^28 numbers in all weights.
package model
