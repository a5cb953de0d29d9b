package torch_test

import (
	"archive/zip"
	"fmt"
	"log"
	"os"

	"github.com/lastlayer/lastlayer/model/weightfile/torch"
)

// What a state dictionary holds. weightfile.ReadTensors reads its numbers too,
// whatever the layout of the file.
func Example() {
	file, err := os.Open("../../../testdata/peers/torch/wrapped-zip.pt")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		log.Fatal(err)
	}
	archive, err := zip.NewReader(file, info.Size())
	if err != nil {
		log.Fatal(err)
	}
	state, err := torch.ReadZip(archive, file, info.Size(), 1<<20)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("found under %v, without %q\n", state.Path, state.Prefix)
	for _, t := range state.Tensors {
		fmt.Println(t.Name, t.DType, t.Shape)
	}
	// Output:
	// found under [model], without "module."
	// conv1.weight F32 [2 1 3 3]
	// conv1.bias F32 [2]
	// bn1.weight F32 [2]
	// bn1.bias F32 [2]
	// bn1.running_mean F32 [2]
	// bn1.running_var F32 [2]
	// bn1.num_batches_tracked I64 []
	// fc1.weight F32 [3 8]
	// fc1.bias F32 [3]
}
