// Package explain shows what retraining only the last layers really does, with
// evidence from the very graphs that train.
//
// A Comparison builds a trainer for each way to retrain: the whole network; the
// whole network with the old weights put back after each step, which is the
// first idea of many; the last layers alone, by a gradient that names their
// weights and nothing else; and these once more behind a cut, with the frozen
// part computed once. It then
//
//   - describes each layer: trained or frozen, variable or constant (Layers),
//   - makes one step by each way from the same weights, batch and dropout, and
//     compares the weights afterwards (Prove),
//   - times steps and counts nodes, instructions, multiply-adds and bytes
//     (Time, Costs),
//   - follows one step instruction by instruction (Trace).
package explain
