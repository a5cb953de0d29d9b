package model

import (
	"math"

	"github.com/lastlayer/lastlayer/internal/parallel"
	"github.com/pkg/errors"
)

// An Option changes how Build builds.
type Option func(*Net)

// Batch sets the largest number of examples that one run takes; 64 by default.
func Batch(n int) Option { return func(net *Net) { net.batch = n } }

// BatchUpTo sets the batch for a graph that only runs forward: at most n
// examples, and fewer where the outputs of the layers would take more than some
// 64 MiB, with the memory shared, or 256 MiB to have an example for each thread.
// What is computed does not depend on it.
func BatchUpTo(n int) Option { return func(net *Net) { net.batch, net.bounded = n, true } }

// forwardBytes is what the outputs of a graph with BatchUpTo take, and
// threadedBytes what they may take where that is not one example a thread.
const (
	forwardBytes  = 64 << 20
	threadedBytes = 256 << 20
)

// TrunkOf builds only the trunk of a cut network. Its outputs are the features.
func TrunkOf(c Cut) Option { return func(net *Net) { net.cut, net.trunk = &c, true } }

// HeadOf builds only the head of a cut network. Its inputs are the features.
func HeadOf(c Cut) Option { return func(net *Net) { net.cut, net.trunk = &c, false } }

// ConstantWeights promises that no frozen weight changes while the net is in use. Kernels
// that a convolution transforms are then not compared with the weights in each run, nor is
// a copy of the weights kept for that. If a weight does change, some convolutions go on
// with the old one, others do not.
func ConstantWeights() Option { return func(net *Net) { net.constant = true } }

// boundBatch lowers the batch to what BatchUpTo says, by the memory that one
// example takes in the very graph.
func (n *Net) boundBatch() error {
	if len(n.trained) > 0 {
		return errors.Wrap(ErrSelection, "found trained layers, expected none with BatchUpTo: use Batch")
	}
	one, err := Build(n.network, None(), Batch(1), func(net *Net) { net.cut, net.trunk = n.cut, n.trunk })
	if err != nil {
		return err
	}
	memory, err := one.ShareMemory()
	if err == nil {
		n.batch = max(1, min(n.batch, fitting(max(1, memory.Bytes), parallel.Threads())))
	}
	return err
}

// fitting returns how many examples of that many bytes BatchUpTo takes: as many for
// each thread, if it can be.
func fitting(bytes int64, threads int) int {
	fits := int(min(forwardBytes/bytes, math.MaxInt32))
	if fits < threads {
		return min(threads, int(threadedBytes/bytes))
	}
	return fits - fits%threads
}
