//go:build ignore

// Command generate writes convolutions-0-4.safetensors: the convolutions of a
// network that was trained on the digits 0 to 4. In the repository's folder:
//
//	go run ./cmd/mnist train --classes 0-4 --epochs 5 --batch 64 --seed 1 --out digits.safetensors
//	go run testdata/generate.go digits.safetensors
package main

import (
	"log"
	"os"

	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/lastlayer/lastlayer/transfer"
)

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run testdata/generate.go TRAINED.safetensors")
	}
	m, err := weightfile.Read(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	m.Weights = transfer.Only(m.Weights, "conv1", "conv2")
	m.Meta = map[string]string{"command": "mnist train --classes 0-4 --epochs 5 --batch 64 --seed 1"}
	if err := weightfile.WritePartial("testdata/convolutions-0-4.safetensors", m); err != nil {
		log.Fatal(err)
	}
}
