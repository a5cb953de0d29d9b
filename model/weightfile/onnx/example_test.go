package onnx_test

import (
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile/onnx"
)

// A network of ours as a file for other programs, and read again.
func Example() {
	folder, err := os.MkdirTemp("", "")
	check(err)
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "digits.onnx")

	n, err := model.New(model.DeepMNIST(), []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, dataset.MNISTPreprocessing(), rand.New(rand.NewPCG(1, 1)))
	check(err)
	check(onnx.Write(path, n, onnx.Options{Softmax: true}))

	again, err := onnx.Read(path)
	check(err)
	for _, name := range again.Weights.Names() {
		fmt.Println(name, again.Weights.Get(name).Shape(), again.Weights.Hash(name) == n.Weights.Hash(name))
	}
	fmt.Println(again.Classes)
	fmt.Println(again.Notes)
	// Output:
	// conv1/W (32, 1, 5, 5) true
	// conv1/b (32) true
	// conv2/W (64, 32, 5, 5) true
	// conv2/b (64) true
	// fc1/W (3136, 1024) true
	// fc1/b (1024) true
	// fc2/W (1024, 10) true
	// fc2/b (10) true
	// [0 1 2 3 4 5 6 7 8 9]
	// [the Softmax at the end is dropped: the network gives logits]
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
