package model

import (
	"github.com/lastlayer/lastlayer/internal/gemm"
	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// SetThreads sets how many goroutines compute at a time, in all graphs of the
// program; 0 is one per processor. Call it before Build. The results are the
// same for any number.
func SetThreads(n int) error { return parallel.SetThreads(n) }

// Threads returns how many goroutines compute at a time.
func Threads() int { return parallel.Threads() }

// Kernels returns the names of the ways to multiply matrices that this machine
// has, the fastest first. Each rounds in its own way, so results differ from one
// to the other in the last bits.
func Kernels() []string { return gemm.Names() }

// Kernel returns the name of the one in use.
func Kernel() string { return gemm.Name() }

// UseKernel chooses one of Kernels, or the fastest for "". It is for the whole
// program; call it before Build.
func UseKernel(name string) error {
	if name == "" {
		name = "go"
	}
	if err := gemm.Use(name); err != nil {
		return errors.WithMessage(err, "kernel")
	}
	gorgonia.Use(gemm.BLAS())
	return nil
}
