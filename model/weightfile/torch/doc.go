// Package torch reads the state dictionaries that PyTorch's torch.save writes:
// names, types, shapes, and where in the file the numbers lie. Package
// weightfile, whose ReadTensors calls it, makes numbers of them.
//
// Such a file is a pickle, a program for a small machine that builds Python
// objects, beside the raw numbers of the tensors' storages. Nothing that a
// pickle names is run. The functions that rebuild tensors are known here by
// name; any other class gives an object that holds nothing. A pickle is walked
// over before it is run, which bounds what running it can allocate.
//
// Both layouts are read: a zip archive, PyTorch's own since version 1.6, with
// the pickle in data.pkl and a record for each storage; and the older one, five
// pickles followed by the storages.
//
// The state dictionary is the outermost dictionary, or the one under
// state_dict, model_state_dict, model, net or weights, as training scripts write
// checkpoints. The prefix module. that DataParallel gives to every name, and
// torch.compile's _orig_mod., are taken off.
package torch
