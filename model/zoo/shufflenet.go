package zoo

import (
	"fmt"

	"github.com/lastlayer/lastlayer/model"
)

// shufflenetV2 builds the network of Ma et al. 2018
// (https://arxiv.org/abs/1807.11164); widths are the channels after each stage.
func shufflenetV2(widths [3]int, last int) func(*builder) {
	return func(b *builder) {
		b.convNorm("conv1", 24, 3, 2, 0, model.ReLU{})
		b.maxpool("maxpool", 3, 2, 1)
		channels := 24
		for i, blocks := range []int{4, 8, 4} {
			stage := fmt.Sprintf("stage%d", i+2)
			b.shuffleDown(numbered(stage, 0), channels, widths[i]/2)
			for j := range blocks - 1 {
				b.shuffleUnit(numbered(stage, j+1), widths[i]/2)
			}
			channels = widths[i]
		}
		b.convNorm("conv5", last, 1, 1, 0, model.ReLU{})
		b.pooled()
		b.dense("fc", b.classes)
	}
}

// shuffleUnit leaves one half of the channels alone, and mixes both.
func (b *builder) shuffleUnit(name string, half int) {
	x := b.top
	b.add(name+".first", model.Slice{From: 0, To: half})
	first := b.top
	b.add(name+".second", model.Slice{From: half, To: 2 * half}, x)
	b.shuffleBranch(name+".branch2", half, 1)
	b.shuffle(name, first, b.top)
}

// shuffleDown halves the image's sides: both branches read all channels.
func (b *builder) shuffleDown(name string, channels, half int) {
	x := b.top
	b.grouped(name+".branch1.0", channels, 3, 2, channels)
	b.norm(name + ".branch1.1")
	b.conv(name+".branch1.2", half, 1, 1)
	b.norm(name + ".branch1.3")
	b.relu(name + ".branch1.4")
	first := b.top
	b.branch(x)
	b.shuffleBranch(name+".branch2", half, 2)
	b.shuffle(name, first, b.top)
}

func (b *builder) shuffleBranch(name string, out, stride int) {
	b.conv(name+".0", out, 1, 1)
	b.norm(name + ".1")
	b.relu(name + ".2")
	b.grouped(name+".3", out, 3, stride, out)
	b.norm(name + ".4")
	b.conv(name+".5", out, 1, 1)
	b.norm(name + ".6")
	b.relu(name + ".7")
}

func (b *builder) shuffle(name, first, second string) {
	b.add(name+".concat", model.Concat{}, first, second)
	b.add(name+".shuffle", model.ChannelShuffle{Groups: 2})
}
