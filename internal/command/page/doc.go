// Package page serves one network as a page to draw on or, for a network of photos,
// to hold things before a camera: what the network gets, what its layers make of
// it, and how its last layers are retrained on classes of one's own.
//
//	s, err := page.New(m, page.Options{Name: "digits.safetensors", Seed: 1})
//	err = s.Serve(ctx, listener)
//
// There are few things to know:
//
//   - A Server has the network as loaded, which nothing changes, and a session for
//     each browser, by its cookie: the samples and the network that they taught.
//     There are at most as many as sessionsFor says; the longest idle one makes
//     room for a new one.
//   - A predictor runs a copy of the network on one image. It is replaced as a
//     whole, after a retraining or a step, and never half.
//   - A lesson is the head above the cut with the features of the samples below
//     it: Retrain fits it from the beginning, Step makes one step more. A fifth of
//     the photos is not taught: they measure the training.
//   - One change of a session at a time: a second one is refused with status 409.
//   - guard decides who is answered at all. What a request may cost is bounded by
//     the constants in guard.go, samples.go and sessions.go.
//
// The page itself is in the folder static, and goes into the program. It asks
// nothing of any other machine.
package page
