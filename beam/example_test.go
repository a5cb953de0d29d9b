package beam_test

import (
	"context"
	"log"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
	lastlayer "github.com/lastlayer/lastlayer/beam"
)

// Compute features of a folder of photos, with one subfolder per class, into 16 files.
// `lastlayer retrain --features 'part-*.features'` trains on them.
func ExampleJob_Features() {
	beam.Init() // workers of a remote runner start here
	ctx := context.Background()
	p, s := beam.NewPipelineWithRoot()
	err := lastlayer.Job{
		Images:  []string{"photos/*/*"},
		Network: lastlayer.Network{File: "mobilenet.onnx", Preset: "tf"},
		Out:     "part.features",
		Shards:  16,
	}.Features(ctx, s)
	if err != nil {
		log.Fatal(err)
	}
	if err := beamx.Run(ctx, p); err != nil {
		log.Fatal(err)
	}
	images, bad := lastlayer.Progress()
	log.Printf("%d images, %d of them in part.bad.jsonl", images, bad)
}
