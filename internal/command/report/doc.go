// Package report writes what a command did into a folder: one self-contained HTML
// page, its pictures as SVG and PNG files, and the figures as JSON lines.
//
// A Report is what the page says; it has a section for each part of the Report that is
// filled in. A Gatherer makes one while a command works: it keeps the epochs as a
// train.Hook, finds the mistakes among the test images, and adds facts about the data,
// the program and the machine.
//
// The folder may hold other files: only those of Names are written, and those of an
// earlier report that this one does not have are removed.
package report
