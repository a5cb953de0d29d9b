//go:build race

package dataset

// raceDetector says that tests run some ten times slower: those that are only long look at fewer images.
const raceDetector = true
