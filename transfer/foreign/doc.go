// Package foreign makes networks of the files of other frameworks, and writes
// weights in their names and order of axes.
//
//	r, err := foreign.Open(ctx, "resnet18.pth", foreign.OpenOptions{Origin: foreign.Origin{Arch: "resnet18"}})
//	// r.Network is a *model.Network, r.Notes what was assumed
//
// Open takes a file or a reference to the Hugging Face Hub: our own files, ONNX, or
// weights alone (PyTorch's .pt, safetensors, npz). Origin says what such a file does
// not: the architecture, the classes, how images are prepared. Read is Open for
// files here.
//
// Import does the middle part, from tensors to Weights. It recognises names and the
// order of axes, a Layout, unless they are given. Each tensor must be accounted for;
// Report says what became of it. Export goes the other way.
package foreign
