package zoo

import "github.com/lastlayer/lastlayer/model"

// bneck is a block of MobileNet V3.
type bneck struct {
	kernel, expanded, out int
	squeeze, hardSwish    bool // the gate; hard swish rather than ReLU
	stride                int
}

// The two networks of Howard et al. 2019 (https://arxiv.org/abs/1905.02244).
var (
	mobilenetV3Large = []bneck{
		{3, 16, 16, false, false, 1},                               // [16,112,112]
		{3, 64, 24, false, false, 2}, {3, 72, 24, false, false, 1}, // [24,56,56]
		{5, 72, 40, true, false, 2}, {5, 120, 40, true, false, 1}, {5, 120, 40, true, false, 1}, // [40,28,28]
		{3, 240, 80, false, true, 2}, {3, 200, 80, false, true, 1}, {3, 184, 80, false, true, 1}, {3, 184, 80, false, true, 1}, // [80,14,14]
		{3, 480, 112, true, true, 1}, {3, 672, 112, true, true, 1}, // [112,14,14]
		{5, 672, 160, true, true, 2}, {5, 960, 160, true, true, 1}, {5, 960, 160, true, true, 1}, // [160,7,7]
	}
	mobilenetV3Small = []bneck{
		{3, 16, 16, true, false, 2},                                // [16,56,56]
		{3, 72, 24, false, false, 2}, {3, 88, 24, false, false, 1}, // [24,28,28]
		{5, 96, 40, true, true, 2}, {5, 240, 40, true, true, 1}, {5, 240, 40, true, true, 1}, // [40,14,14]
		{5, 120, 48, true, true, 1}, {5, 144, 48, true, true, 1}, // [48,14,14]
		{5, 288, 96, true, true, 2}, {5, 576, 96, true, true, 1}, {5, 576, 96, true, true, 1}, // [96,7,7]
	}
)

// mobilenetV3 builds either, with a hidden dense layer of that width.
func mobilenetV3(blocks []bneck, hidden int) func(*builder) {
	return func(b *builder) {
		b.eps = 0.001
		b.convNorm("features.0", 16, 3, 2, 0, model.HardSwish{}) // [16,112,112]
		channels := 16
		for i, k := range blocks {
			k.add(b, numbered("features", i+1), channels)
			channels = k.out
		}
		b.convNorm(numbered("features", len(blocks)+1), 6*channels, 1, 1, 0, model.HardSwish{})
		b.pooled()
		b.dense("classifier.0", hidden)
		b.add("classifier.1", model.HardSwish{})
		b.dropout("classifier.2", 0.2)
		b.dense("classifier.3", b.classes)
	}
}

// add adds the block: wider, each channel on its own, gated, narrower; x is
// added where the shape is the same.
func (k bneck) add(b *builder, name string, channels int) {
	var activation model.Kind = model.ReLU{}
	if k.hardSwish {
		activation = model.HardSwish{}
	}
	x, part := b.top, 0
	next := func() string {
		part++
		return numbered(name+".block", part-1)
	}
	if k.expanded != channels {
		b.convNorm(next(), k.expanded, 1, 1, 0, activation)
	}
	b.convNorm(next(), k.expanded, k.kernel, k.stride, k.expanded, activation)
	if k.squeeze {
		gate := model.HardSigmoid{Alpha: 1.0 / 6, Beta: 0.5}
		b.squeezeExcite(next(), k.expanded, divisible(float64(k.expanded/4), 8), model.ReLU{}, gate)
	}
	b.convNorm(next(), k.out, 1, 1, 0, nil)
	if k.stride == 1 && channels == k.out {
		b.add(name+".add", model.Add{}, b.top, x)
	}
}
