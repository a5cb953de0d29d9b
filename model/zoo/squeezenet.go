package zoo

import "github.com/lastlayer/lastlayer/model"

// squeezenet10 builds SqueezeNet (Iandola et al. 2016,
// https://arxiv.org/abs/1602.07360).
func squeezenet10(b *builder) {
	b.biased("features.0", 96, 7, 2, 0)
	b.relu("features.1")
	b.maxpoolCeil("features.2", 3, 2)
	b.fire("features.3", 16, 64)
	b.fire("features.4", 16, 64)
	b.fire("features.5", 32, 128)
	b.maxpoolCeil("features.6", 3, 2)
	b.fire("features.7", 32, 128)
	b.fire("features.8", 48, 192)
	b.fire("features.9", 48, 192)
	b.fire("features.10", 64, 256)
	b.maxpoolCeil("features.11", 3, 2)
	b.fire("features.12", 64, 256)
	b.squeezenetClassifier()
}

// squeezenet11 builds its second version, which pools earlier and so computes
// less than half.
func squeezenet11(b *builder) {
	b.biased("features.0", 64, 3, 2, 0)
	b.relu("features.1")
	b.maxpoolCeil("features.2", 3, 2)
	b.fire("features.3", 16, 64)
	b.fire("features.4", 16, 64)
	b.maxpoolCeil("features.5", 3, 2)
	b.fire("features.6", 32, 128)
	b.fire("features.7", 32, 128)
	b.maxpoolCeil("features.8", 3, 2)
	b.fire("features.9", 48, 192)
	b.fire("features.10", 48, 192)
	b.fire("features.11", 64, 256)
	b.fire("features.12", 64, 256)
	b.squeezenetClassifier()
}

// fire squeezes the channels, then expands them by 1×1 and by 3×3 kernels side
// by side.
func (b *builder) fire(name string, squeezed, expanded int) {
	b.biased(name+".squeeze", squeezed, 1, 1, 0)
	b.relu(name + ".squeeze_activation")
	x := b.top
	b.biased(name+".expand1x1", expanded, 1, 1, 0)
	b.relu(name + ".expand1x1_activation")
	one := b.top
	b.branch(x)
	b.biased(name+".expand3x3", expanded, 3, 1, 1)
	b.relu(name + ".expand3x3_activation")
	b.add(name+".concat", model.Concat{}, one, b.top) // [2·expanded,H,W]
}

// squeezenetClassifier classifies each pixel and takes the mean.
func (b *builder) squeezenetClassifier() {
	b.dropout("classifier.0", 0.5)
	b.biased("classifier.1", b.classes, 1, 1, 0)
	b.relu("classifier.2")
	b.add("classifier.3", model.GlobalAveragePool{})
	b.add("flatten", model.Flatten{}) // [classes]
}
