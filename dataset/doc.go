// Package dataset brings labelled images to a network: MNIST, a small part of it that is built in,
// IDX files, Keras's mnist.npz, and folders of drawings or photos.
//
//	train, test, err := dataset.Open("mnist", dataset.Options{})
//	train, err = train.Filter(dataset.Classes{"5", "6", "7", "8", "9"})
//	batches, err := dataset.NewBatches(train.Len(), 64, seed)
//	indices, last := batches.Next()
//	train.Gather(x, indices) // x is [len(indices),1,28,28] float32
//
// There are only a few types:
//
//   - Set is labelled images: bytes in memory or photos in files, a label each, and the names of the
//     classes. Filter, Limit and Split return parts of it.
//   - Preprocessing says how a photo becomes the bytes of an image, and a byte the number that the
//     network sees. Preset has the usual ones by name.
//   - Classes lists the labels to keep, as "0-4", "5,7,9" or "cat,dog".
//   - Batches shuffles indices, epoch after epoch, and can resume where it stopped.
//   - Examples is what training needs from its data. A Set has it.
//   - Augmentation changes training images: crop, shift, rotate, flip, colour. Augmented does it anew
//     in every epoch, Copies a fixed number of times.
//   - Seen remembers the images of a training, to find test images that were among them.
//
// Open documents the data sets and folders that there are, DecodeImage the image files, Digit how a
// drawing becomes an image like MNIST's.
//
// # Photos
//
// With a Preprocessing of photos, the images of a folder are photos:
//
//	prep, err := dataset.Preset("torchvision", []int{3, 224, 224})
//	train, test, err := dataset.Open("flowers", dataset.Options{Shape: []int{3, 224, 224}, Prep: prep})
//
// Open decodes each photo once, to find damaged ones, and keeps only paths, labels and hashes in
// memory. Afterwards photos are decoded when they are needed, on all cores and ahead of a reader that
// takes them in order. If a photo has changed or gone since Open, Read returns an error; Gather, which
// cannot, panics.
//
// EXIF orientation is applied, transparent parts become white, and of an animation the first picture
// counts. Resizing gives the same bytes as Pillow. JPEG decoders differ a little: over 50 photos
// resized to a shorter side of 256, the mean difference from Pillow is 0.5 of 255.
//
// # Caveats
//
//   - A part of a set keeps the whole in memory: 47 MB for MNIST's training images. Read its images
//     with Image or Gather; its Pixels are those of the whole set.
//   - Labels of a filtered set begin at 0: digit 5 of "5-9" has the label 0. Classes maps back.
//   - IDX files are taken to be light on dark, with MNIST's mean and deviation.
//   - Digit expects one drawing on the page. A sharp shadow across it, or slanted ruled lines through a
//     small drawing, defeat it.
//   - A file that lies about its size costs little memory, and photos decoded at the same time take at
//     most 256 MiB.
//   - HEIC and AVIF are not read; the error says how to convert them.
package dataset
