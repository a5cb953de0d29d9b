// Package logistic finds the minimum of multinomial logistic regression on rows
// of features: the last layer of a network whose other layers are frozen. It
// knows no network; package transfer makes a Loss of one.
package logistic
