// Package explain shows what retraining only the last layers really does, with
// evidence from the very graphs that train.
//
// A Comparison builds a trainer for each way to retrain: the whole network; the whole
// network with the old weights put back after each step, which many try first; only
// the last layers, with a gradient that names their weights and nothing else; and the
// same above a cut, with the frozen part computed once. It then
//
//   - describes each layer: trained or frozen, variable or constant (Layers),
//   - makes one step in each way from the same weights, batch and dropout, and
//     compares the weights afterwards (Prove),
//   - times steps and counts nodes, instructions, multiply-adds and bytes
//     (Time, Costs),
//   - follows one step instruction by instruction (Trace).
//
// Compare makes one, and leaves the network as it is:
//
//	c, err := explain.Compare(ctx, network, data, 2, 64) // the last 2 layers, 64 examples per step
//	proof, err := c.Prove(ctx, nil)
//	fmt.Println(proof.Differences, proof.FrozenIdentical)
//
// Activation shows something else: which parts of an image speak for a class.
//
// Report does all of it at once, and prints as tables. LayerTable and Summarise need
// no Comparison: what is trained and what is frozen, and what each layer costs.
//
// # Caveats
//
// Each way has a copy of the weights. Prove begins with the network's own, so
// call it before Time and Trace, which make further steps.
package explain
