//go:build linux && amd64

package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/cpu"
)

// fma512 and fma256 run ten register-only fused multiply-adds n times.
func fma512(n int)
func fma256(n int)

// printPeak prints the best rate of loops that do not access memory, on one core. No
// kernel can be faster.
func printPeak() {
	const rounds, chains, flops = 100_000, 10, 2
	for _, p := range []struct {
		name  string
		have  bool
		lanes int
		loop  func(int)
	}{
		{"AVX-512", cpu.X86.HasAVX512F, 16, fma512},
		{"AVX2", cpu.X86.HasFMA, 8, fma256},
	} {
		if !p.have {
			continue
		}
		best := time.Hour
		for range 100 {
			start := time.Now()
			p.loop(rounds)
			best = min(best, time.Since(start))
		}
		fmt.Printf("peak of one core, %s: %.0f GFLOP/s\n", p.name, float64(rounds*chains*flops*p.lanes)/float64(best))
	}
}
