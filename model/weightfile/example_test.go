package weightfile_test

import (
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/weightfile"
)

func Example() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "tiny.safetensors")

	spec := model.Spec{Input: []int{4}, Layers: []model.Layer{{Name: "fc1", Kind: model.Dense{Out: 2}}}}
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 1)))
	if err != nil {
		log.Fatal(err)
	}
	err = weightfile.Write(path, &model.Network{
		Spec:    spec,
		Classes: []string{"even", "odd"},
		Prep:    dataset.MNISTPreprocessing(),
		Weights: w,
	})
	if err != nil {
		log.Fatal(err)
	}

	m, err := weightfile.Read(path)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range m.Weights.Names() {
		fmt.Println(name, m.Weights.Get(name).Shape(), m.Weights.Hash(name) == w.Hash(name))
	}
	fmt.Println(m.Classes)
	// Output:
	// fc1/W (4, 2) true
	// fc1/b (2) true
	// [even odd]
}
