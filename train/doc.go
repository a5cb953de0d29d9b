// Package train trains the variables of a graph, and evaluates one.
//
//	net, err := model.Build(network, model.Layers("fc*"))
//	trainer, err := train.New(net, train.NewMomentum(0.01, 0.9), seed)
//	err = trainer.Fit(ctx, data, train.Options{Epochs: 5})
//
// This is the training half of the question: how to train the fully connected
// layers of a network, and only those (package model states it in full). New adds
// the loss to the net's graph and calls gorgonia.Grad with net.Trainable() and
// nothing else; the solver steps over the same list. A frozen layer is a constant:
// it has no gradient and never reaches the solver.
//
// There are few types to know:
//
//   - Trainer belongs to one Net. Step makes one step on a batch, Gradients all
//     of it but the solver's part, Fit goes through the data epoch after epoch.
//   - Solver changes the weights by a Rule: SGD, Momentum or Adam. It is a
//     gorgonia.Solver. Solver.Factors gives single layers a rate of their own.
//   - Options has the number of epochs, the Schedule of the learning rate, the
//     Validation data, and Patience.
//   - Hook is called after steps and epochs. An error from it ends Fit.
//   - Evaluator runs a net forward and counts: Metrics. Evaluate does so with a
//     whole network, and Predictor gives the classes of single images.
//   - RangeTest finds a learning rate.
//   - Recipe is a training as numbers and words, as the commands get it from
//     their flags. A Saver writes it into each checkpoint, Resume reads both.
//
// The loss is the mean softmax cross-entropy over the examples of a batch, of which
// the last may be smaller.
//
// # The same again
//
// Dropout and the order of the examples follow from New's seed. The same seed,
// weights and data give the same bits, for any number of threads on one kind of
// processor. A Fit that was cancelled, or ended by a Hook's error, can be continued
// by another Fit as if it had not stopped, even in the middle of an epoch.
//
// # Caveats
//
// A Net is for one Trainer. To train other layers, build another Net from the
// same Weights; a new Trainer starts the solver's memory afresh.
//
// Training changes the Weights that the Net was built from. Keep a Clone of what
// is to stay.
//
// With Patience, Fit ends by putting back the weights of the best epoch. The
// solver's memory is still that of the last step.
//
// Epochs counts from the first call: Fit with 3 epochs after Fit with 1 makes
// two more, on the same data. A Step of your own in between counts as one of Fit's.
//
// ErrDiverged means that a loss is NaN or infinite. That step changes nothing, but
// the one before it ruined the weights: go back to a Clone or a file. It is an
// ErrNotFinite, as is the same fault found by an Evaluator or a Predictor.
//
// The accuracy and loss of an EpochReport are of the batches as they were
// trained on, with dropout and before each step. Validation is without either.
//
// Weight decay is on weights, not biases. Adam's is separate from the gradient
// (AdamW), and a zero Beta1, Beta2 or Epsilon means the usual value.
package train
