// Package zoo has networks that people know as model.Specs, with the names that
// torchvision gives their layers: "layer1.0.conv1", "features.0",
// "classifier.6". A state dictionary of the published weights therefore fits by
// name: package transfer/foreign takes it.
//
//	spec, err := zoo.Spec("resnet18", 1000, 0) // 1000 classes, images of the usual size
//
// Names lists the networks. Each family is a file: to see what a ResNet is, read
// resnet.go. Layers without weights have no name in torchvision's files; here they
// are named after what they do, as "layer1.0.add".
//
// Timm is Spec for the weights that timm publishes, with timm's name of each layer.
//
// The networks take RGB images, of another size too where the layers allow it. How
// images must be prepared is not part of a Spec: it is said where the weights are
// published, and dataset.Preset has the usual ones.
package zoo
