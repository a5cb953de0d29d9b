package zoo

// alexnet builds the network of Krizhevsky 2014
// (https://arxiv.org/abs/1404.5997): that of 2012 without its two halves and its
// response normalisation.
func alexnet(b *builder) {
	b.biased("features.0", 64, 11, 4, 2) // [64,55,55]
	b.relu("features.1")
	b.maxpool("features.2", 3, 2, 0)     // [64,27,27]
	b.biased("features.3", 192, 5, 1, 2) // [192,27,27]
	b.relu("features.4")
	b.maxpool("features.5", 3, 2, 0)     // [192,13,13]
	b.biased("features.6", 384, 3, 1, 1) // [384,13,13]
	b.relu("features.7")
	b.biased("features.8", 256, 3, 1, 1) // [256,13,13]
	b.relu("features.9")
	b.biased("features.10", 256, 3, 1, 1) // [256,13,13]
	b.relu("features.11")
	b.maxpool("features.12", 3, 2, 0) // [256,6,6]
	b.pooledTo(6)
	b.dropout("classifier.0", 0.5)
	b.dense("classifier.1", 4096)
	b.relu("classifier.2")
	b.dropout("classifier.3", 0.5)
	b.dense("classifier.4", 4096)
	b.relu("classifier.5")
	b.dense("classifier.6", b.classes)
}
