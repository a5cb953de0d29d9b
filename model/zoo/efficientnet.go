package zoo

import (
	"math"

	"github.com/lastlayer/lastlayer/model"
)

// mbconvs is a stage of an EfficientNet: blocks of the same width.
type mbconvs struct {
	fused               bool // one k×k convolution in the place of a 1×1 and a depthwise one
	expand, kernel      int
	stride, out, blocks int
}

// efficientnet builds the network of Tan and Le 2019
// (https://arxiv.org/abs/1905.11946), B0 when width and depth are 1.
func efficientnet(width, depth, dropout float64) func(*builder) {
	channels := func(n int) int { return divisible(width*float64(n), 8) }
	stages := []mbconvs{
		{false, 1, 3, 1, 16, 1}, {false, 6, 3, 2, 24, 2}, {false, 6, 5, 2, 40, 2}, {false, 6, 3, 2, 80, 3},
		{false, 6, 5, 1, 112, 3}, {false, 6, 5, 2, 192, 4}, {false, 6, 3, 1, 320, 1},
	}
	for i, s := range stages {
		stages[i].out, stages[i].blocks = channels(s.out), int(math.Ceil(depth*float64(s.blocks)))
	}
	return mbconvNet(channels(32), stages, 4*channels(320), dropout)
}

// The networks of Tan and Le 2021 (https://arxiv.org/abs/2104.00298).
var (
	efficientnetV2S = []mbconvs{
		{true, 1, 3, 1, 24, 2}, {true, 4, 3, 2, 48, 4}, {true, 4, 3, 2, 64, 4},
		{false, 4, 3, 2, 128, 6}, {false, 6, 3, 1, 160, 9}, {false, 6, 3, 2, 256, 15},
	}
	efficientnetV2M = []mbconvs{
		{true, 1, 3, 1, 24, 3}, {true, 4, 3, 2, 48, 5}, {true, 4, 3, 2, 80, 5},
		{false, 4, 3, 2, 160, 7}, {false, 6, 3, 1, 176, 14}, {false, 6, 3, 2, 304, 18}, {false, 6, 3, 1, 512, 5},
	}
	efficientnetV2L = []mbconvs{
		{true, 1, 3, 1, 32, 4}, {true, 4, 3, 2, 64, 7}, {true, 4, 3, 2, 96, 7},
		{false, 4, 3, 2, 192, 10}, {false, 6, 3, 1, 224, 19}, {false, 6, 3, 2, 384, 25}, {false, 6, 3, 1, 640, 7},
	}
)

func efficientnetV2(stem int, stages []mbconvs, dropout float64) func(*builder) {
	return func(b *builder) {
		b.eps = 0.001
		mbconvNet(stem, stages, 1280, dropout)(b)
	}
}

// mbconvNet builds either generation.
func mbconvNet(stem int, stages []mbconvs, last int, dropout float64) func(*builder) {
	return func(b *builder) {
		b.convNorm("features.0", stem, 3, 2, 0, model.SiLU{})
		channels := stem
		for i, s := range stages {
			for j := range s.blocks {
				if j > 0 {
					s.stride = 1
				}
				s.add(b, numbered(numbered("features", i+1), j), channels)
				channels = s.out
			}
		}
		b.convNorm(numbered("features", len(stages)+1), last, 1, 1, 0, model.SiLU{})
		b.pooled()
		b.dropout("classifier.0", dropout)
		b.dense("classifier.1", b.classes)
	}
}

// add adds a block: wider, each channel on its own, gated, narrower; x is added
// where the shape is the same.
func (s mbconvs) add(b *builder, name string, channels int) {
	x, part, expanded := b.top, 0, s.expand*channels
	next := func() string {
		part++
		return numbered(name+".block", part-1)
	}
	switch {
	case s.fused && s.expand == 1:
		b.convNorm(next(), s.out, s.kernel, s.stride, 0, model.SiLU{})
	case s.fused:
		b.convNorm(next(), expanded, s.kernel, s.stride, 0, model.SiLU{})
		b.convNorm(next(), s.out, 1, 1, 0, nil)
	default:
		if s.expand != 1 {
			b.convNorm(next(), expanded, 1, 1, 0, model.SiLU{})
		}
		b.convNorm(next(), expanded, s.kernel, s.stride, expanded, model.SiLU{})
		b.squeezeExcite(next(), expanded, max(1, channels/4), model.SiLU{}, model.Sigmoid{})
		b.convNorm(next(), s.out, 1, 1, 0, nil)
	}
	if s.stride == 1 && channels == s.out {
		b.add(name+".add", model.Add{}, b.top, x)
	}
}
