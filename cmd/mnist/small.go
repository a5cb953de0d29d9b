package main

import (
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/spf13/cobra"
)

// With few images an epoch is a step or two, and five of them teach little. Of
// 10 to 100 images a class, 5 classes, mean of three seeds, 100 epochs on all of
// them under the cosine schedule were best everywhere; a fifth kept aside for
// early stopping with a patience of 10 cost 0.6 to 2 points, since those images
// are missed and there are too few to tell the best epoch by:
//
//	images a class      10             20             50             100
//	--last              1      2       1      2       1      2       1      2
//	5 epochs            0.697  0.867   0.875  0.938   0.927  0.953   0.944  0.964
//	30 epochs           0.908  0.913   0.932  0.943   0.952  0.967   0.965  0.974
//	100 epochs          0.909  0.916   0.935  0.946   0.960  0.968   0.969  0.975
//	early stopping      0.889  0.903   0.927  0.935   0.944  0.951   0.963  0.969
//
// (mnist retrain --from digits.safetensors --classes 5-9, --limit 50 to 500,
// early stopping by --epochs 100 --validation 0.2 --patience 10.) The whole
// network, from nothing, goes from 0.759 to 0.912 on 20 images a class, and from
// 0.938 to 0.969 on 100 (mnist train --classes 5-9 --limit 100 and 500).
const (
	smallBelow  = 1000 // training images
	smallEpochs = 100
)

// forSmall raises the number of epochs where there are few training images and
// nothing was said about when to stop.
func (t *trainingFlags) forSmall(cmd *cobra.Command, data *dataset.Set, out *output) {
	if f := cmd.Flags(); data.Len() >= smallBelow || f.Changed("epochs") || f.Changed("validation") || f.Changed("patience") {
		return
	}
	t.epochs = smallEpochs
	out.note("%d training images are fewer than %d: %d epochs on all of them (--epochs says otherwise; keeping some aside to stop early costs more than it gains)",
		data.Len(), smallBelow, t.epochs)
}
