package main

import (
	"math"
	"slices"
)

// median returns the middle value, or the mean of the two middle ones; NaN if there are
// none.
func median(values []float64) float64 {
	n := len(values)
	if n == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// spread returns (largest − smallest) / median.
func spread(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	return (slices.Max(values) - slices.Min(values)) / median(values)
}

// ratio returns the median of ours over the median of theirs; NaN if either is missing
// or theirs is 0.
func ratio(ours, theirs []float64) float64 {
	m := median(theirs)
	if m == 0 {
		return math.NaN()
	}
	return median(ours) / m
}
