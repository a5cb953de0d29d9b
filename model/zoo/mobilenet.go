package zoo

import "github.com/lastlayer/lastlayer/model"

// relu6 is the MobileNets' activation.
var relu6 = model.Clip{Min: 0, Max: 6}

// mobilenetV2 builds the network of Sandler et al. 2018
// (https://arxiv.org/abs/1801.04381).
func mobilenetV2(b *builder) {
	b.convNorm("features.0", 32, 3, 2, 0, relu6) // [32,112,112]
	channels, block := 32, 1
	for _, stage := range []struct{ expand, out, blocks, stride int }{
		{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2}, {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1},
	} {
		for i := range stage.blocks {
			stride := 1
			if i == 0 {
				stride = stage.stride
			}
			b.invertedResidual(numbered("features", block), channels, stage.expand*channels, stage.out, stride)
			channels, block = stage.out, block+1
		}
	}
	b.convNorm(numbered("features", block), 1280, 1, 1, 0, relu6) // [1280,7,7]
	b.pooled()
	b.dropout("classifier.0", 0.2)
	b.dense("classifier.1", b.classes)
}

// invertedResidual widens by a 1×1 convolution, filters each channel on its own,
// and narrows again; x is added where the shape is the same.
func (b *builder) invertedResidual(name string, channels, expanded, out, stride int) {
	x, part := b.top, 0
	next := func() string {
		part++
		return numbered(name+".conv", part-1)
	}
	if expanded != channels {
		b.convNorm(next(), expanded, 1, 1, 0, relu6)
	}
	b.convNorm(next(), expanded, 3, stride, expanded, relu6)
	b.conv(next(), out, 1, 1)
	b.norm(next())
	if stride == 1 && channels == out {
		b.add(name+".add", model.Add{}, b.top, x)
	}
}
