package train

// With few images an epoch is a step or two, and five of them teach little. Of
// 10 to 100 images a class, 5 classes, mean of three seeds, 100 epochs on all of
// them under the cosine schedule were best everywhere; a fifth kept aside for
// early stopping with a patience of 10 cost 0.3 to 2 points, since those images
// are missed and there are too few to tell the best epoch by:
//
//	images a class      10             20             50             100
//	last layers         1      2       1      2       1      2       1      2
//	5 epochs            0.699  0.865   0.878  0.938   0.929  0.954   0.945  0.965
//	30 epochs           0.906  0.910   0.931  0.941   0.954  0.967   0.964  0.975
//	100 epochs          0.909  0.915   0.935  0.944   0.959  0.969   0.969  0.976
//	early stopping      0.890  0.895   0.929  0.941   0.944  0.953   0.964  0.968
//
// (mnist retrain --from digits.safetensors --classes 5-9, --limit 50 to 500,
// early stopping by --epochs 100 --validation 0.2 --patience 10.) The whole
// network, from nothing, goes from 0.759 to 0.912 on 20 images a class, and from
// 0.938 to 0.969 on 100 (mnist train --classes 5-9 --limit 100 and 500).
const (
	// FewExamples is the number of examples below which a training needs more
	// epochs.
	FewExamples = 1000
	fewEpochs   = 100
	manyEpochs  = 5
)

// UsualEpochs returns a good number of epochs for that many examples: 100 for
// fewer than FewExamples, 5 for more.
func UsualEpochs(examples int) int {
	if examples < FewExamples {
		return fewEpochs
	}
	return manyEpochs
}
