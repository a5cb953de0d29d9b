// Package model is what a network is: its layers as data, its weights as data,
// and the Gorgonia graph built from the two.
//
// There are few types to know:
//
//   - Spec is the shape of an input and the layers: a chain, or where layers
//     name their Inputs, a graph. It marshals to JSON; ParseSpec reads it back
//     and checks it. DeepMNIST is the MNIST network. A layer's Kind says what it
//     does: Conv, Dense, BatchNorm, Add, …, one file each.
//   - Weights is an ordered set of named float32 tensors, "conv1/W", "conv1/b",
//     and so on. Init draws them all, Reinit those of some layers.
//   - Network is a Spec, its Weights, the names of the classes and how images are
//     prepared: what a file holds and what functions take. Network.Fit prepares
//     data for it.
//   - Selection says which layers are trained: Last, Layers, All or None. Spec.Cut
//     says what never changes then.
//   - Net is the graph, made by Build. Trained weights are its variables, all
//     others are constants. Net.Trainable is the list to give to gorgonia.Grad.
//
// Images are [N,C,H,W], kernels [out,in/groups,kh,kw], dense weights [in,out].
//
// # The question
//
// This library answers one question. A convolutional network was trained on the
// digits 0 to 4; now only its fully connected layers are to learn 5 to 9. Does one
// train everything and put the old convolutions back after each step? That works,
// and wastes most of the time. Here the convolutions are constants of the graph and
// the fully connected weights are variables, so that the gradient cannot reach what
// is frozen:
//
//	net, err := model.Build(network, model.Layers("fc*"))
//	gradients, err := gorgonia.Grad(loss, net.Trainable()...)
//
// DeepMNIST is the network of the question; docs/answer.md has the whole answer.
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
// Operators of Gorgonia's own may compute in place. Put on the node of a frozen
// weight, they can overwrite it; see package graphop.
//
// Dropout is a mask that whoever runs the graph draws before each run, see
// Net.Masks. Layers below the cut run without dropout, as they do in evaluation:
// their output never changes and can be computed once.
//
// Batch normalisation runs on its stored statistics, trained or not.
//
// A Spec has at most 4000 layers, 2^26 numbers in one output and 2^28 in all
// weights, so that a hostile file cannot take all memory.
package model
