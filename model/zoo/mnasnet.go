package zoo

import "github.com/lastlayer/lastlayer/model"

// mnasnet builds MnasNet-B1 (Tan et al. 2018, https://arxiv.org/abs/1807.11626);
// width 1 is the paper's.
func mnasnet(width float64) func(*builder) {
	return func(b *builder) {
		channels := func(n int) int { return divisible(width*float64(n), 8) }
		b.conv("layers.0", channels(32), 3, 2)
		b.norm("layers.1")
		b.relu("layers.2")
		b.grouped("layers.3", channels(32), 3, 1, channels(32))
		b.norm("layers.4")
		b.relu("layers.5")
		b.conv("layers.6", channels(16), 1, 1)
		b.norm("layers.7")
		in := channels(16)
		for i, s := range []struct{ out, kernel, stride, expand, blocks int }{
			{24, 3, 2, 3, 3}, {40, 5, 2, 3, 3}, {80, 5, 2, 6, 3}, {96, 3, 1, 6, 2}, {192, 5, 2, 6, 4}, {320, 3, 1, 6, 1},
		} {
			for j := range s.blocks {
				b.mnasBlock(numbered(numbered("layers", 8+i), j), in, s.expand*in, channels(s.out), s.kernel, s.stride, j > 0)
				in, s.stride = channels(s.out), 1
			}
		}
		b.conv("layers.14", 1280, 1, 1)
		b.norm("layers.15")
		b.relu("layers.16")
		b.pooled()
		b.dropout("classifier.0", 0.2)
		b.dense("classifier.1", b.classes)
	}
}

// mnasBlock widens, filters each channel on its own, and narrows again.
func (b *builder) mnasBlock(name string, in, expanded, out, kernel, stride int, residual bool) {
	x := b.top
	b.conv(name+".layers.0", expanded, 1, 1)
	b.norm(name + ".layers.1")
	b.relu(name + ".layers.2")
	b.grouped(name+".layers.3", expanded, kernel, stride, expanded)
	b.norm(name + ".layers.4")
	b.relu(name + ".layers.5")
	b.conv(name+".layers.6", out, 1, 1)
	b.norm(name + ".layers.7")
	if residual || in == out && stride == 1 {
		b.add(name+".add", model.Add{}, b.top, x)
	}
}
