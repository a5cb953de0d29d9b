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
// The runner, its bundles and its workers make no difference to the files. They are
// identical, byte for byte, to those that feature.Trunk.WriteShare writes of the same
// files, leaving out those that cannot be read. Folders follow the rules of dataset.Open.
//
// # Each image once
//
// A runner may run a bundle several times; it drops the output of failed runs. Each
// file is written by one DoFn from all rows of its shard, in path order, and appears
// complete or not at all. Running the bundle again replaces the file with the same
// bytes. feature.Writer refuses a duplicate path. If no image at all has a result, the
// job fails and leaves earlier files as they were.
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
// would retry, and so is one whose name is not UTF-8, or that the patterns find outside
// the folders of the classes. Bucket file systems do their own retries.
//
// Vectors are identical only if the matrix products are. If the workers' processors
// differ, name a Kernel that all of them support. Features from two kernels are an error.
//
// On Prism, Beam leaves an empty file beamloopbackworker-* in the folder for temporary
// files with each run. Command lastlayer-beam sets TMPDIR to a folder that it removes.
//
// FinishBundle emits the rest of a bundle in the global window; a Job does not support
// streams of images.
package beam
