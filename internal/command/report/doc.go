// Package report writes what a command did into a folder: one HTML page that
// needs nothing beside it and asks for nothing from outside, the same pictures
// as SVG and PNG files, and the figures as JSON lines.
//
// A Report is what the page says; a section is there where its part of the
// Report is. A Gatherer makes one while a command works: it keeps the epochs as
// a train.Hook, looks the test images through for mistakes, and adds what is
// known of the data, the program and the machine.
//
// The folder may hold other files: only those of Names are written, and those
// that a former report left and this one has not are removed.
package report
