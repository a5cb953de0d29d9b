package zoo

// vgg builds one of the networks of Simonyan and Zisserman 2014
// (https://arxiv.org/abs/1409.1556): 3×3 convolutions in five stages, with a
// 2×2 pooling after each, then three dense layers.
func vgg(convolutions [5]int, batchNorm bool) func(*builder) {
	return func(b *builder) {
		layer := 0 // features is one list: convolutions, normalisations, ReLUs and poolings count
		next := func() string {
			layer++
			return numbered("features", layer-1)
		}
		for stage, channels := range []int{64, 128, 256, 512, 512} {
			for range convolutions[stage] {
				b.biased(next(), channels, 3, 1, 1)
				if batchNorm {
					b.norm(next())
				}
				b.relu(next())
			}
			b.maxpool(next(), 2, 2, 0)
		}
		b.pooledTo(7) // [512,7,7]
		b.dense("classifier.0", 4096)
		b.relu("classifier.1")
		b.dropout("classifier.2", 0.5)
		b.dense("classifier.3", 4096)
		b.relu("classifier.4")
		b.dropout("classifier.5", 0.5)
		b.dense("classifier.6", b.classes)
	}
}
