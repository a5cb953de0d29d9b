// Package transfer takes a trained network to new classes: its weights come in,
// some layers are trained anew, the others stay constants.
//
//	tensors, err := weightfile.ReadTensors("convolutions.safetensors")
//	weights, report, err := transfer.Import(tensors, spec, transfer.ImportOptions{Layers: []string{"conv*"}})
//	spec, weights, err = transfer.NewHead(spec, weights, 5, seed)
//	result, err := transfer.Retrain(ctx, spec, weights, data, transfer.Options{
//		Select: model.Last(2),
//		Solver: train.NewMomentum(0.01, 0.9),
//		Train:  train.Options{Epochs: 5},
//	})
//
// There are few things to know:
//
//   - Import makes our weights of a file that PyTorch, Keras or we wrote: names
//     and the order of axes, Layout, are recognised or said. Each tensor must be
//     accounted for; Report says what became of it. Export goes the other way.
//   - NewHead makes a network for other classes: the last layer, and what is
//     missing, are drawn afresh, all else is copied. Only picks layers.
//   - Retrain trains the layers that Options selects. Result lists what was
//     trained and what was frozen, and whether the frozen bytes are the same.
//   - Exact takes the last layer alone to its optimum, a convex problem, instead
//     of near it by steps. Result.TrainingLoss tells how near Retrain came.
//   - Evaluate runs what Retrain made over labelled examples.
//   - Trunk is the part below the lowest trained layer, and Features what it
//     makes of the data. Retrain uses them; they are there for your own loop,
//     which closes them.
//
// # The cut
//
// Nothing below the lowest trained layer ever changes, so neither does its
// output: Retrain computes it once for each example and trains the head on
// that. The steps are those of the whole graph, which Options.NoCache runs
// instead: dropout directly below the lowest trained layer belongs to the head,
// and further down there is none, as in evaluation.
//
// # The cache
//
// Features are float32: for 60,000 images of MNIST and the network of
// model.Seed 750 MB below fc1 and 250 MB below fc2. Validation examples come on
// top. Up to Options.CacheMemory bytes of them are in memory,
// half of what is free if unsaid. Beyond, they are in a temporary file, which is
// mapped and gone when Retrain returns. NoCache needs none of it.
//
// With Options.CacheDir they stay there for the next run, in a file named by a
// SHA-256 over all they depend on: the frozen layers and their weights, the
// preprocessing, the data, the kernel of the matrix products and the format.
// It appears whole or not at all, so runs may share a folder. Every bit is
// checked on reading; a damaged file is told of by Options.Warn and made anew.
//
// # Caveats
//
// Retrain changes the weights it is given, and stops in the middle when its
// context is done. Keep a Clone of what is to stay.
//
// The temporary file is in the folder of os.TempDir, TMPDIR on Unix. On some
// systems that is memory, and nothing is won: set TMPDIR, or CacheDir.
//
// Free memory is the machine's (and GOMEMLIMIT's): in a container that may use
// less, say CacheMemory. It is taken to be 1 GiB where the system does not say.
//
// Nothing ever removes the files in CacheDir, and whoever may write to that
// folder decides what is trained on. Only a *dataset.Set and *dataset.Copies
// have a hash, so other examples with a CacheDir are an error. A mapped file that another program
// cuts short ends this one.
//
// Features are of the examples as they are. Examples that differ from one
// epoch to the next, as dataset.Augmented does, are an error without NoCache;
// dataset.Copies, a fixed number of changed images beside each, are not.
//
// The labels of the data must be those of the new head, from 0: see Filter and
// Numbered of dataset.Set. Prepare the data as it was for the pretrained
// weights; the preprocessing travels with a weights file, not with Weights.
//
// NewHead counts a layer as missing unless both W and b are there, and draws
// it afresh without a word. Whoever wants to know checks the Report of Import.
package transfer
