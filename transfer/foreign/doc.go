// Package foreign reads weights in the names and the order of axes of other
// frameworks, and writes them so.
//
// Open makes a network of any file, here or on the Hugging Face Hub, and Read of one
// here: ours, ONNX, or the weights of others, of which Origin says what they do not
// say themselves: the name of their network, say. Import makes our weights of
// the tensors of a file: names and the order of axes, a Layout, are recognised or
// said. Each tensor must be accounted for; Report says what became of it. Export
// goes the other way.
package foreign
