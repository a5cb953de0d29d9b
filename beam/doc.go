// Package beam runs networks over more images than one machine can take, on Apache Beam
// (https://beam.apache.org): in this process by Beam's own runner Prism, or on Flink,
// Dataflow and others.
//
// There is one type, Job: which images, by which network, into which files. Features
// writes the feature files that package transfer/feature trains a head on; Predict writes
// what is on each image.
//
//	p, s := beam.NewPipelineWithRoot() // Apache's package beam
//	err := lastlayer.Job{
//		Images:  []string{"gs://photos/*/*"},
//		Network: lastlayer.Network{File: "gs://nets/mine.safetensors"},
//		Out:     "gs://features/part.features", Shards: 64,
//	}.Features(ctx, s)
//	err = beamx.Run(ctx, p)
//
// The files are those that feature.Trunk.WriteShare writes of the same images, byte for
// byte, whatever the runner, its bundles and its workers.
//
// # Each image once
//
// A runner may run a bundle several times, and drops what the failed ones emitted. A file
// is written by one DoFn, of all rows of its shard, in the order of their paths, and
// appears whole or not at all. A bundle that is run again replaces it by the same bytes.
// feature.Writer refuses a path that comes twice.
//
// Prism (Beam 2.77) runs no bundle again: the first that fails ends the job. Run the same
// job once more.
//
// # Caveats
//
// All images are listed in one bundle, so that labels and files are of one listing: ten
// million paths take some GB in that worker. The rows of one shard must fit in a worker's
// memory; choose Shards so.
//
// A file that cannot be read is an image without a result, not an error that a runner
// would try again: the file systems of buckets do that themselves.
//
// Vectors are the same bytes only where the matrix products are: name a Kernel that all
// workers have where their processors differ. A shard with rows of two kinds is an error.
//
// FinishBundle emits what a bundle still holds, in the global window: a Job's images are
// no stream.
package beam
