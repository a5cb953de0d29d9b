// Package zoo is networks that people know, as model.Specs, with the names that
// torchvision gives their layers: "layer1.0.conv1", "features.0",
// "classifier.6". A state dictionary of the published weights therefore fits by
// name: package transfer/foreign takes it.
//
// Spec returns a network by its name, one of Names. Each family is a file: to see
// what a ResNet is, read resnet.go. Layers that have no weights, and so no name
// in torchvision's files, are named after what they do: "layer1.0.add".
//
// Timm is Spec for the weights that timm publishes, and says what timm calls each
// layer.
//
// The networks are for RGB images; the size may be another than the published
// one where the layers allow it. What a network's images must be prepared like is
// said where its weights are published.
package zoo
