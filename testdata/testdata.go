// Package testdata holds small real data that the program and its tests carry
// with them.
package testdata

import _ "embed"

// Convolutions is a weights file of the seed network's convolutions, trained
// on MNIST's digits 0 to 4; generate.go beside it makes it.
//
//go:embed convolutions-0-4.safetensors
var Convolutions []byte
