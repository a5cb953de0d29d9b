// Package command is the commands of the programs, one file each: its flags,
// their checks, one call of the library, and what is printed.
//
// Run takes a command line. root.go has what all commands share, data.go,
// training.go and checkpoint.go the flags that several have, run.go the training
// that train, retrain and lr-find have in common, output.go what goes to standard
// output and what to standard error. Package page is what serve serves, package
// report what --report writes.
package command
