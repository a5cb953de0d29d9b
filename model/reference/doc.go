// Package reference builds a model.Spec from Gorgonia's own operators, in
// float64 or float32. Our operators and graphs are compared with it, and it shows
// what the question looks like without this library.
//
// It knows the layers of the question's network: convolution, ReLU, max pooling,
// dense layers and dropout.
//
// It differs from package model where Gorgonia does: the derivative of Rectify
// at 0 is 1, Rectify(−Inf) is NaN, and memory is allocated anew in every run.
package reference
