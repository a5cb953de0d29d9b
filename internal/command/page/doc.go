// Package page serves one network as a web page: to draw on or, for a network of
// photos, to use a camera. It shows what the network gets and what its layers make of
// it, and retrains its last layers on the user's own classes.
//
//	s, err := page.New(m, page.Options{Name: "digits.safetensors", Seed: 1})
//	err = s.Serve(ctx, listener)
//
// There are few things to know:
//
//   - A Server has the network as loaded, which never changes, and a session for
//     each browser, known by a cookie: its samples and the network that they taught.
//     sessionsFor says how many there may be; the one idle longest makes room for a
//     new one.
//   - A predictor runs a copy of the network on one image. After a retraining or a
//     step it is replaced as a whole.
//   - A lesson is the head above the cut with the features of the samples below
//     it: Retrain fits it from the start, Step makes one more step. A fifth of the
//     photos is held out to measure the training.
//   - A session changes one thing at a time: a second change is refused with status
//     409.
//   - guard decides which requests are answered at all. What a request may cost is bounded by
//     the constants in guard.go, samples.go and sessions.go.
//
// The page itself is in the folder static and is embedded in the program. It loads
// nothing from any other machine.
package page
