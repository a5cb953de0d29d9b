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
//     classes. Filter, Limit and Split return parts of it; Numbered gives its labels the numbers of a
//     network's outputs.
//   - Preprocessing says how a photo becomes the bytes of an image, and a byte the number that the
//     network sees. Preset has those that most networks use.
//   - Classes is which labels to keep, read from "0-4", "5,7,9" or "cat,dog".
//   - Batches shuffles indices, epoch after epoch, and resumes where it stopped.
//   - Examples is what training asks of its data; Set is one kind.
//   - Augmentation says how to change training images: crop, shift, rotate, flip, colour. Augmented
//     changes each image anew in every epoch; Copies holds a fixed number of changed copies.
//   - Seen remembers the images of a training, to tell whether a test image was among them.
//
// DecodeImage reads an image file, and Digit turns a drawing into what MNIST would have made of it. Open
// says which data sets and folders there are.
//
// # Photos
//
// With a Preprocessing of photos in Options.Prep, the images of a folder are photos, and Options.Shape is
// the shape that the network takes:
//
//	prep, err := dataset.Preset("torchvision", []int{3, 224, 224})
//	train, test, err := dataset.Open("flowers", dataset.Options{Shape: []int{3, 224, 224}, Prep: prep})
//
// Memory holds their paths, labels and hashes. Open decodes each photo once, to find the damaged ones.
// From then on photos are decoded and prepared when needed, on all cores, and ahead of a reader that
// takes them in order. A photo that has changed or gone since Open is an error of Read; Gather, which has
// no error to return, panics. The bytes of an image do not depend on order or threads.
//
// A photo is turned as its EXIF data says, transparent parts become white, and of an animation the first
// picture counts. Resizing gives the same bytes as Pillow. JPEG decoders differ: most files store colour
// at half the resolution, and Pillow smooths it more than Go. Over 50 photos resized to a shorter side of
// 256, the mean difference is 0.5 of 255.
//
// # Caveats
//
//   - Set.Pixels of a part is that of the whole set. Read an image with Image or Gather. A part keeps the
//     whole in memory: 47 MB for MNIST's training images.
//   - Labels of a filtered set begin at 0: digit 5 of "5-9" has the label 0. Classes maps back.
//   - IDX files are taken to be light on dark, with MNIST's mean and deviation.
//   - Digit wants one thing on its page. It copes with noise, dust, a frame, rules, uneven light and a desk
//     beside the paper, but not with a sharp shadow across the drawing or slanted rules through a small one.
//   - Every random choice follows from a seed.
//   - A file that lies about its size costs little memory: packed data may unpack to 16 MiB, or 32 times
//     the file if that is more, and 1 GiB at most. Images have the bounds of DecodeImage. Photos decoded
//     at the same time take at most 256 MiB.
//   - HEIC and AVIF are not read; the error says how to convert them.
package dataset
