package zoo

import (
	"fmt"

	"github.com/lastlayer/lastlayer/model"
)

// densenet builds a network whose layers read all layers before them in their
// block (Huang et al. 2016, https://arxiv.org/abs/1608.06993). Each layer adds
// growth channels.
func densenet(growth, first int, blocks [4]int) func(*builder) {
	return func(b *builder) {
		b.conv("features.conv0", first, 7, 2)
		b.norm("features.norm0")
		b.relu("features.relu0")
		b.maxpool("features.pool0", 3, 2, 1)
		channels := first
		for i, layers := range blocks {
			b.denseBlock(fmt.Sprintf("features.denseblock%d", i+1), layers, growth)
			channels += layers * growth
			if i < len(blocks)-1 {
				channels /= 2
				b.transition(fmt.Sprintf("features.transition%d", i+1), channels)
			}
		}
		b.norm("features.norm5")
		b.relu("relu")
		b.pooled()
		b.dense("classifier", b.classes)
	}
}

// denseBlock adds layers, each on the channels of all before it.
func (b *builder) denseBlock(block string, layers, growth int) {
	read := []string{b.top}
	for i := range layers {
		name := fmt.Sprintf("%s.denselayer%d", block, i+1)
		if len(read) > 1 {
			b.add(name+".concat", model.Concat{}, read...)
		}
		b.norm(name + ".norm1")
		b.relu(name + ".relu1")
		b.conv(name+".conv1", 4*growth, 1, 1)
		b.norm(name + ".norm2")
		b.relu(name + ".relu2")
		b.conv(name+".conv2", growth, 3, 1)
		read = append(read, b.top)
	}
	b.add(block+".concat", model.Concat{}, read...)
}

// transition halves the channels and the image's sides.
func (b *builder) transition(name string, channels int) {
	b.norm(name + ".norm")
	b.relu(name + ".relu")
	b.conv(name+".conv", channels, 1, 1)
	b.add(name+".pool", model.AveragePool{Kernel: model.Sides{2}, Stride: model.Sides{2}})
}
