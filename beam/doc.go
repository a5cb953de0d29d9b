// Package beam runs networks on Apache Beam (https://beam.apache.org), for more images
// than one machine can process: in this process with Beam's own runner Prism, or on
// Flink, Dataflow and others.
//
// There is one main type, Job: which images, which network, and which output files.
// Features writes feature files, from which package transfer/feature trains a head.
// Predict writes the network's prediction for each image.
//
//	p, s := beam.NewPipelineWithRoot() // Apache's package beam
//	err := lastlayer.Job{
//		Images:  []string{"gs://photos/*/*"},
//		Network: lastlayer.Network{File: "gs://nets/mine.safetensors"},
//		Out:     "gs://features/part.features", Shards: 64,
//	}.Features(ctx, s)
//	err = beamx.Run(ctx, p)
//
// The runner, its bundles and its workers make no difference to the files. Where each
// class has one folder and every photo can be read, they are identical, byte for byte,
// to those that feature.Trunk.WriteShare writes. Folders train and test, and unreadable
// files, change the order of rows or the listing.
//
// # Each image once
//
// A runner may run a bundle several times; it drops the output of failed runs. Each
// file is written by one DoFn from all rows of its shard, in path order, and appears
// complete or not at all. Running the bundle again replaces the file with the same
// bytes. feature.Writer refuses a duplicate path.
//
// Prism (Beam 2.77) does not retry bundles: the first failure ends the job. Run the
// same job again.
//
// # Caveats
//
// All images are listed in one bundle, so that labels and files come from the same
// listing. Ten million paths take a few GB in that worker. The rows of one shard must
// fit in a worker's memory; choose Shards accordingly.
//
// A file that cannot be read is an image without a result, not an error that the runner
// would retry. Bucket file systems do their own retries.
//
// Vectors are identical only if the matrix products are. If the workers' processors
// differ, name a Kernel that all of them support. A shard with rows from two kernels is
// an error.
//
// FinishBundle emits the rest of a bundle in the global window; a Job does not support
// streams of images.
package beam
