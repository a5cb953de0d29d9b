//go:build linux && amd64

// Command gemm compares package internal/gemm with oneDNN and OpenBLAS, loaded at run
// time, and with gonum, on the network's matrix products. It also prints the peak of
// one core. Repetitions alternate between the libraries; the table shows medians.
//
// OpenBLAS chooses its kernels by the variable OPENBLAS_CORETYPE; run the command with
// and without it.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/lastlayer/lastlayer/internal/gemm"
)

type shape struct {
	name           string
	transA, transB bool
	m, n, k        int
	beta           float32
}

var shapes = []shape{
	{"conv2 forward", false, false, 64, 196, 800, 0},
	{"conv2 dW", false, true, 64, 800, 196, 1},
	{"conv2 dX", true, false, 800, 196, 64, 0},
	{"conv2 tiles forward", false, false, 16, 64, 32, 0}, // of package winograd: 64 of these products per image
	{"conv2 tiles dW", true, false, 64, 32, 16, 1},
	{"conv2 tiles dX", false, false, 16, 32, 64, 0},
	{"conv1 forward", false, false, 32, 784, 25, 0},
	{"conv1 dW", false, true, 32, 25, 784, 1},
	{"fc1 forward", false, false, 64, 1024, 3136, 0},
	{"fc1 dW", true, false, 3136, 1024, 64, 0},
	{"fc1 dX", false, true, 64, 3136, 1024, 0},
	{"fc1 forward m=256", false, false, 256, 1024, 3136, 0},
	{"fc1 forward m=8", false, false, 8, 1024, 3136, 0},
	{"fc1 forward m=1", false, false, 1, 1024, 3136, 0},
	{"fc2 forward", false, false, 64, 10, 1024, 0},
	{"fc2 dW", true, false, 1024, 10, 64, 0},
	{"fc2 dX", false, true, 64, 1024, 10, 0},
	{"fc2 forward m=1", false, false, 1, 10, 1024, 0},
	{"square 1024", false, false, 1024, 1024, 1024, 0},
}

func (s shape) lda() int {
	if s.transA {
		return s.m
	}
	return s.k
}

func (s shape) ldb() int {
	if s.transB {
		return s.k
	}
	return s.n
}

func (s shape) flops() float64 { return 2 * float64(s.m) * float64(s.n) * float64(s.k) }

func main() {
	repeats := flag.Int("repeats", 7, "measurements of each library, of which the median counts")
	sample := flag.Duration("sample", 10*time.Millisecond, "length of one measurement")
	kernel := flag.String("kernel", "go", "kernel of ours")
	only := flag.String("only", "", "only shapes whose name contains this")
	goroutines := flag.String("goroutines", "1,2", "numbers of goroutines, each with products of its own")
	best := flag.Bool("best", false, "the best measurement counts, not the median: for a busy machine")
	flag.Parse()
	if err := gemm.Use(*kernel); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	libs := libraries()
	printPeak()
	fmt.Printf("OPENBLAS_CORETYPE=%q OPENBLAS_L2_SIZE=%q\n", os.Getenv("OPENBLAS_CORETYPE"), os.Getenv("OPENBLAS_L2_SIZE"))
	for _, field := range strings.Split(*goroutines, ",") {
		var n int
		if _, err := fmt.Sscan(field, &n); err != nil {
			fmt.Fprintf(os.Stderr, "-goroutines %s: %v\n", *goroutines, err)
			os.Exit(1)
		}
		table(libs, run{n, *repeats, *sample, *best}, *only)
	}
}

// run holds the measurement settings.
type run struct {
	goroutines, repeats int
	sample              time.Duration
	best                bool
}

// table prints GFLOP/s over all goroutines, and our time relative to that of the best
// library.
func table(libs []library, r run, only string) {
	of := "median"
	if r.best {
		of = "best"
	}
	fmt.Printf("\nGFLOP/s, %d goroutine(s), %s of %d\n\n| %-18s | %-16s |", r.goroutines, of, r.repeats, "shape", "m×n×k")
	for _, l := range libs {
		fmt.Printf(" %10s |", l.name)
	}
	fmt.Printf(" time/best |\n|---|---|%s--:|\n", strings.Repeat("--:|", len(libs)))
	for _, s := range shapes {
		if !strings.Contains(s.name, only) {
			continue
		}
		rates := r.measure(libs, s)
		fmt.Printf("| %-18s | %-16s |", s.name, fmt.Sprintf("%d×%d×%d", s.m, s.n, s.k))
		for _, rate := range rates {
			fmt.Printf(" %10.1f |", rate)
		}
		fmt.Printf(" %9.2f |\n", slices.Max(rates[1:])/rates[0])
	}
}

// measure returns the rate of each library.
func (r run) measure(libs []library, s shape) []float64 {
	workers := make([][]func(), len(libs))
	count := make([]int, len(libs))
	for l, lib := range libs {
		for range r.goroutines {
			f, a, b, c := lib.make(), filled(s.m*s.k), filled(s.k*s.n), filled(s.m*s.n)
			workers[l] = append(workers[l], func() { f(s, a, b, c) })
		}
		together(workers[l], 2)
		count[l] = max(1, int(r.sample/together(workers[l], 1)))
		count[l] = max(1, int(r.sample*time.Duration(count[l])/together(workers[l], count[l])))
	}
	rates := make([][]float64, len(libs))
	for range r.repeats {
		for l := range libs {
			elapsed := together(workers[l], count[l])
			rates[l] = append(rates[l], s.flops()*float64(r.goroutines*count[l])/float64(elapsed))
		}
	}
	chosen := make([]float64, len(libs))
	for l, all := range rates {
		slices.Sort(all)
		chosen[l] = all[len(all)/2]
		if r.best {
			chosen[l] = all[len(all)-1]
		}
	}
	return chosen
}

// together runs each worker n times, all at the same time, and returns the elapsed
// time.
func together(workers []func(), n int) time.Duration {
	var wg sync.WaitGroup
	start := time.Now()
	for _, f := range workers {
		wg.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for range n {
				f()
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func filled(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = rand.Float32() - 0.5
	}
	return x
}
