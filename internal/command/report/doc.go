// Package report writes what a command did into a folder: one HTML page that
// needs nothing beside it and asks for nothing from outside, the same pictures
// as SVG and PNG files, and the figures as JSON lines.
//
// The one type to know is Report. A command fills in what it knows and calls Write;
// a section of the page is there where its part of the Report is.
//
// The folder may hold other files: only those of Names are written, and those
// that a former report left and this one has not are removed.
package report
