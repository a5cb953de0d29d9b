// Package onnx reads networks as ONNX, https://onnx.ai, that any program wrote,
// and writes ours, so that they run where Go does not.
//
//	r, err := onnx.Read("mobilenet.onnx") // r.Network, and r.Notes on what was left out
//	err = onnx.Write("mine.onnx", network, onnx.Options{})
//
// Read takes image classifiers without attention, of opset 6 or later. Weights are
// float32, 16, bfloat16 or 64, also in files of their own beside the network's. An
// operator that it does not know is a *NodeError, which says where it is and below
// which layer ReadUntil can cut the network.
//
// Write uses the operators of opset 13, which every runtime since 2020 has, or 17
// where layers are normalised. The one input is "images", float32 [N,C,H,W] or
// [N,F] for any N, prepared as the metadata lastlayer.preprocessing says. The one
// output is "logits" [N,classes], or "probabilities" with Options.Softmax; the
// metadata lastlayer.classes is the JSON list of their labels.
//
// ONNX is a protobuf message. A file needs ten small messages of its schema, so
// they are written with protobuf's own wire package and the field numbers of
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, and no generated code.
package onnx
