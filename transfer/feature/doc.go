// Package feature computes the output of a network's frozen part for each image,
// once, and keeps it: in memory, in a mapped file, or in a folder for the next run.
//
// The main types are Trunk and Set. Trunk is the part of a network below its lowest
// trained layer. Set is the output of the trunk for labelled examples, one row of
// float32 each; it implements dataset.Examples for the head. If the head reads several
// layers of the trunk, a row holds their outputs one after the other, in the order of
// model.Cut.Features.
//
// A row is identical for any batch size and number of threads.
//
// # The cache
//
// Features are float32. For the 60,000 images of MNIST and the network of
// model.DeepMNIST they take 750 MB below fc1 and 250 MB below fc2. Up to
// Options.CacheMemory bytes are held in memory, by default half of the free memory.
// More are mapped from a temporary file, which is removed by Close.
//
// With Options.CacheDir they stay for the next run, in a file named by a SHA-256 of
// everything they depend on: the frozen layers and their weights, the preprocessing,
// the data, the kernel of the matrix products and the format. The file appears complete
// or not at all, so runs may share a folder. Until then a long pass saves its features
// there in parts: after an interrupted or killed run, the next one continues from them.
// Every bit is checked on reading; a damaged file is reported to Options.Warn and
// recomputed.
//
// # Feature files
//
// A feature file holds the features of one share of the images, with paths and labels,
// for a set too large to process on one machine or in one run. The share of an image
// follows from its path alone (Shard), so the processes that compute the shards need no
// coordination. Any program that runs the trunk can write the files:
//
//	origin, err := trunk.Origin()
//	header := feature.Header{Origin: origin, Shard: shard, Classes: classes, Listing: listing}
//	err = feature.WriteFile("part-3.features", header, func(w *feature.Writer) error {
//		return w.Append(feature.Row{Path: "cat/1.jpg", Label: 0, Sum: photo.Sum, Values: photo.Values})
//	})
//
// Trunk.Photos computes Values and Sum from the bytes of image files. NewWriter writes
// to any io.Writer, such as a bucket's. Every shard has a file, even if it contains no
// images.
//
// # Caveats
//
// Leave files of features that are in use as they are. One that is truncated, or whose
// disk fails, is an ErrFile of whatever reads it (dataset.Read, training, Set.Close), and
// so is one that has changed. Files may be replaced by others of the same name: what is
// mapped stays.
//
// The temporary file is in os.TempDir (TMPDIR on Unix). On some systems that folder is
// itself in memory: set TMPDIR, or use CacheDir.
//
// Free memory is that of the machine, limited by GOMEMLIMIT. In a container with a
// lower limit, set CacheMemory. If the system does not report free memory, it is taken
// as 1 GiB.
package feature
