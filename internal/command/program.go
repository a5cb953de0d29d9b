package command

import (
	"strings"

	"github.com/pkg/errors"
)

// Program is one of the programs that have these commands.
type Program struct {
	name     string
	about    string // its help
	examples string // one per line, without the program's name
	maker    string // the command that makes a network for the others
	source   string // where a network to retrain comes from
	mnist    bool   // MNIST and the question's network by default, and the demo
}

// The programs.
var (
	// MNIST is the demo of the question.
	MNIST = Program{
		name: "mnist",
		about: `mnist trains a small convolutional network on handwritten digits, then retrains
only its last fully connected layers on other digits. The convolutions enter the
Gorgonia graph as constants: no gradient can reach them.`,
		examples: "demo\ntrain --classes 0-4 --out digits.safetensors\nretrain --from digits.safetensors --last 2 --classes 5-9",
		maker:    "mnist train",
		source:   "'mnist train' makes one",
		mnist:    true,
	}
	// LastLayer is for one's own networks and photos.
	LastLayer = Program{
		name: "lastlayer",
		about: `lastlayer takes a convolutional network that others trained, and a folder of photos
with one sub-folder per class, and retrains only the network's last layers on them.
The others enter the Gorgonia graph as constants: no gradient can reach them.`,
		examples: "retrain --from mobilenet.onnx --prepare tf --data photos/ --out mine.safetensors\nretrain --from resnet18.pth --arch resnet18 --prepare torchvision --data photos/\neval --model mine.safetensors --data photos/\npredict --model mine.safetensors new.jpg",
		maker:    "lastlayer retrain",
		source:   "an .onnx, say, or with --arch the weights that others published",
	}
)

// example returns the lines as examples in a command's help: those for digits or
// those for photos, as the program's are.
func (p Program) example(digits, photos string) string {
	lines := photos
	if p.mnist {
		lines = digits
	}
	return "  " + p.name + " " + strings.ReplaceAll(lines, "\n", "\n  "+p.name+" ")
}

// noNetwork is the usage error for a missing flag that names a network.
func (p Program) noNetwork(flag string) error {
	return usage(errors.Errorf("--%s: no file given; make one with '%s'", flag, p.maker))
}
