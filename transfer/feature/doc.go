// Package feature computes the output of a network's frozen part for each image,
// once, and keeps it: in memory, in a mapped file, or in a folder for the next run.
//
// There are two types. Trunk is the part of a network below its lowest trained
// layer. Set is what the trunk makes of labelled examples, one row of float32
// for each: dataset.Examples for the head. Where the head reads several layers
// of the trunk, a row holds their outputs one after the other, in the order of
// model.Cut.Features.
//
// A row is the same bytes whatever the batch and the number of threads.
//
// # The cache
//
// Features are float32: for 60,000 images of MNIST and the network of
// model.DeepMNIST 750 MB below fc1 and 250 MB below fc2. Up to
// Options.CacheMemory bytes of them are held in memory, by default half of what is
// free. More are mapped from a temporary file, which is gone after Close.
//
// With Options.CacheDir they stay for the next run, in a file named by a
// SHA-256 over everything they depend on: the frozen layers and their weights, the
// preprocessing, the data, the kernel of the matrix products and the format.
// It appears whole or not at all, so runs may share a folder. Until then a long pass
// is kept there in parts: a run that is interrupted, or killed, goes on behind them. Every bit is
// checked on reading; a damaged file is reported to Options.Warn and recomputed.
//
// # Feature files
//
// A feature file holds the features of one share of the images, with their paths and
// labels, for a set that is too large for one machine or one night. Which share an
// image is in follows from its path alone (Shard), so that as many processes as there
// are shards need nothing of each other. Whatever runs the trunk writes the files:
//
//	origin, err := trunk.Origin()
//	header := feature.Header{Origin: origin, Shard: shard, Classes: classes, Listing: listing}
//	err = feature.WriteFile("part-3.features", header, func(w *feature.Writer) error {
//		return w.Append(feature.Row{Path: "cat/1.jpg", Label: 0, Sum: photo.Sum, Values: photo.Values})
//	})
//
// Trunk.Photos makes Values and Sum of the bytes of image files. NewWriter writes to
// any io.Writer, as a bucket's. Every shard has a file, even one without an image.
//
// # Caveats
//
// The temporary file is in the folder of os.TempDir, TMPDIR on Unix. On some
// systems that folder is itself in memory: set TMPDIR, or CacheDir.
//
// Free memory is the machine's (and GOMEMLIMIT's): in a container that may use
// less, set CacheMemory. It is taken to be 1 GiB where the system does not say.
package feature
