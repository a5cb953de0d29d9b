// Package transfer takes a trained network to new classes: its weights come in,
// some layers are trained anew, the others stay constants.
//
//	n, err := weightfile.Read("digits.safetensors")
//	n, err = transfer.WithClasses(n, []string{"5", "6", "7", "8", "9"}, model.Last(2), seed)
//	result, err := transfer.Retrain(ctx, n, data, transfer.Options{
//		Select: model.Last(2),
//		Solver: train.NewMomentum(0.01, 0.9),
//		Train:  train.Options{Epochs: 5},
//	})
//
// There are few things to know:
//
//   - WithClasses makes a network for other classes: the last layer, and what is
//     missing, are drawn afresh, all else is copied. Only picks layers. Adapt
//     does so and has the data prepared as what trained the network.
//   - Grow adds new classes to a network that goes on with its own.
//   - Retrain trains the layers that Options selects. Result lists what was
//     trained and what was frozen, and whether the frozen bytes are the same.
//     RetrainStages unfreezes layers stage by stage, FindRate looks for a
//     learning rate, and Follow makes the Options of a train.Recipe.
//   - Options.Saver writes checkpoints, Options.Resume goes on from one.
//   - Exact takes the last layer alone to its optimum, a convex problem, instead
//     of near it by steps. Result.TrainingLoss tells how near Retrain came.
//   - Evaluate runs what Retrain made over labelled examples.
//   - Head is what Retrain trains, for your own loop: the features that the
//     frozen trunk makes of the data, and the graph above it.
//
// Package foreign takes weights from PyTorch, Keras and others; feature computes
// and keeps what the frozen part gives; explain shows what really happens.
//
// # The cut
//
// Nothing below the lowest trained layer ever changes, so neither does its
// output: Retrain computes it once for each example and trains the head on
// that. The steps are those of the whole graph, which Options.NoCache runs
// instead: dropout directly below the lowest trained layer belongs to the head,
// and further down there is none, as in evaluation.
//
// # Caveats
//
// Retrain changes the weights it is given, and stops in the middle when its
// context is done. Keep a Clone of what is to stay.
//
// Nothing ever removes the files in CacheDir, and whoever may write to that
// folder decides what is trained on. Only a *dataset.Set and *dataset.Copies
// have a hash, so other examples with a CacheDir are an error. A mapped file that
// another program cuts short ends this one.
//
// Features are of the examples as they are. Examples that differ from one
// epoch to the next, as dataset.Augmented does, are an error without NoCache;
// dataset.Copies, a fixed number of changed images beside each, are not.
//
// The labels of the data must be those of the network's outputs, from 0, and the
// images prepared as those that trained it: see model.Network.Fit and Prepare.
package transfer
