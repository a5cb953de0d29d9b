// Package train trains the variables of a graph, and evaluates one.
//
//	net, err := model.Build(network, model.Layers("fc*"))
//	trainer, err := train.New(net, train.NewMomentum(0.01, 0.9), seed)
//	err = trainer.Fit(ctx, data, train.Options{Epochs: 5})
//
// New adds the loss to the net's graph and calls gorgonia.Grad with
// net.Trainable() and nothing else; the solver steps over the same list. What
// net holds as a constant has no gradient and never reaches the solver.
//
// There are few types to know:
//
//   - Trainer belongs to one Net. Step makes one step on a batch, Gradients all
//     of it but the solver's part, Fit goes through the data epoch after epoch.
//   - Solver changes the weights: by a Rule: SGD, Momentum or
//     Adam. It is a gorgonia.Solver; its memory is kept by the weights' names, State.
//     Solver.Factors gives single layers a rate of their own.
//   - Options says how many epochs, with which Schedule of the learning rate,
//     which Validation data, and how much Patience.
//   - RangeTest finds a learning rate.
//   - Hook is told of steps and epochs. An error from it ends Fit.
//   - Evaluator runs a net forward and counts: Metrics. Evaluate does so with a
//     whole network.
//   - Recipe is a training in numbers and words, as the commands have it from
//     their flags. A Saver writes it into each checkpoint, Resume reads both.
//
// The loss is the mean softmax cross-entropy with whole-number labels, over the
// examples that a batch has: a smaller last one is a batch like others.
//
// # The same again
//
// Dropout and the order of the examples come from New's seed, and examples that
// vary are told which epoch it is. The same seed,
// weights and data give the same bits, for any number of threads on one kind of
// processor. A Fit that was cancelled, or that a Hook's error ended, goes on in
// a further Fit as if it had not stopped, in the middle of an epoch or of its
// validation.
//
// # Caveats
//
// A Net is for one Trainer. To train other layers, build another Net from the
// same Weights; the solver begins anew with a new Trainer's.
//
// Training changes the memory of the Weights that the Net was built from. Keep
// a Clone of what is to stay.
//
// With Patience the weights of the best epoch are put back when Fit ends. The
// solver's memory is then still that of the last step; Fit with more epochs
// goes on from the two.
//
// Epochs counts from the first call: Fit with 3 epochs after Fit with 1 makes
// two more. The data must then be the same, and a Step of your own in between
// counts as one of Fit's.
//
// ErrDiverged says that a loss is NaN or infinite. That step changes nothing,
// but the one before it made the weights that gave this loss: they are of no
// use, and where they overflowed are not finite. Go back to a Clone or a file.
// ErrNotFinite, of which it is one, says the same of what an Evaluator or a
// Predictor computes.
//
// The accuracy and loss of an EpochReport are of the batches as they were
// trained on, under dropout and before each step. Validation is without either.
//
// Weight decay is on weights, not biases, and Adam's is apart from the gradient
// (AdamW). In Adam a zero Beta1, Beta2 or Epsilon means the usual one.
package train
