// Package weightfile puts models on disk and takes them back. It is the one
// place that reads or writes weights.
//
// There are few types. Model is everything that our own file holds: a network,
// its weights, its labels, how its images were prepared, and in a checkpoint
// the state of the training. Read and Write handle it strictly: a file that is
// damaged, incomplete or holds something unexpected is an error, never a guess.
// Tensors is what a file of somebody else holds, names and numbers and no more;
// package transfer makes weights of it. Content says what a file is that is
// neither.
//
// Our format is safetensors (https://github.com/huggingface/safetensors): eight
// bytes with the length of a JSON header, the header, and the tensors end to
// end. No part of it can run code. Our metadata are
//
//	lastlayer.version        "1"
//	lastlayer.spec           the model.Spec as JSON
//	lastlayer.classes        a JSON list: output index to label
//	lastlayer.preprocessing  the dataset.Preprocessing as JSON
//	lastlayer.sha256         over all other metadata and all tensors, see digest
//	trained-on               the dataset.Seen as JSON, where there is one
//
// beside whatever Model.Meta holds. Tensors are float32, named as in
// model.Weights, and "state/"+name for Model.State. The same model always gives
// the same bytes.
//
// Caveats. A file is written to a temporary file beside its place and renamed,
// so the folder must be writable and have room for both. Reading takes as much
// memory as its numbers do as float32, and no more than a constant above that,
// whatever the file says.
package weightfile
