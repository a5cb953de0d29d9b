// Package weightfile reads and writes networks on disk.
//
// There are few types:
//
//   - Read and Write handle our own files, which hold a model.Network. ReadState
//     and WriteState also handle the State of a training. They are strict: a file that
//     is damaged, incomplete or holds something unexpected is an error.
//   - ReadTensors returns what a file of weights by another program holds, names and
//     numbers and no more: safetensors, npz, or PyTorch's .pt. Package transfer/foreign
//     makes a network of them, and opens any file whatever it holds.
//   - Identify says what kind of file any other is.
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
// # Caveats
//
// A file is written to a temporary file beside its place and renamed, so the folder
// must be writable and have room for both. Reading takes as much memory as the
// numbers do as float32, and a constant more, whatever the file says.
package weightfile
