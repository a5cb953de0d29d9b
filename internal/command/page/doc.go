// Package page serves one network as a page to draw on: what the network gets
// of a drawing, what every layer makes of it, and how its last layers are
// retrained on classes of one's own.
//
//	s, err := page.New(m, page.Options{Name: "digits.safetensors", Seed: 1})
//	err = s.Serve(ctx, listener)
//
// There are few things to know:
//
//   - A Server holds one session: the network as loaded, the network as taught,
//     and the drawings. Whoever opens the page sees the same ones.
//   - A predictor runs a copy of the network on one drawing. It is replaced as a
//     whole, after a retraining or a step, and never half.
//   - A lesson is the head above the cut with the features of the drawings below
//     it: Retrain fits it from the beginning, Step makes one step more.
//   - One change at a time: a second one is refused with status 409.
//   - guard decides who is answered at all. What a request may cost is bounded by
//     the constants in guard.go and drawings.go.
//
// The page itself is in the folder static, and goes into the program. It asks
// nothing of any other machine.
package page
