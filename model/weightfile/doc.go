// Package weightfile puts networks on disk and takes them back. It is the one
// place that reads or writes weights.
//
// There are few types. Read and Write handle our own files, which hold a
// model.Network, ReadState and WriteState those that hold the State of a
// training too. They are strict: a file that is damaged, incomplete or holds
// something unexpected is an error, never a guess.
// Tensors is what a file of somebody else holds, names and numbers and no more;
// package transfer makes weights of it. Content says what a file is that is
// neither.
//
// Our format is safetensors (https://github.com/huggingface/safetensors): eight
// bytes with the length of a JSON header, the header, and the tensors end to
// end. No part of it can run code. Our metadata are
//
//	lastlayer.version        "1", or "2" for networks that version 1 could not say
//	lastlayer.spec           the model.Spec as JSON
//	lastlayer.classes        a JSON list: output index to label
//	lastlayer.preprocessing  the dataset.Preprocessing as JSON
//	lastlayer.sha256         over all other metadata and all tensors, see digest
//	trained-on               the dataset.Seen as JSON, where there is one
//
// beside whatever Network.Meta holds. Tensors are float32, named as in
// model.Weights, and "state/"+name for State. The same model always gives
// the same bytes.
//
// Caveats. A file is written to a temporary file beside its place and renamed,
// so the folder must be writable and have room for both. Reading takes as much
// memory as its numbers do as float32, and no more than a constant above that,
// whatever the file says.
package weightfile
