package zoo

import "github.com/lastlayer/lastlayer/model"

// residual says how the blocks of a ResNet are made.
type residual struct {
	bottleneck bool // three convolutions a block, 1×1, 3×3, 1×1; otherwise two of 3×3
	blocks     [4]int
	groups     int // of the 3×3 of a bottleneck: ResNeXt (https://arxiv.org/abs/1611.05431)
	width      int // of each group in the first stage; 64 but for ResNeXt and Wide ResNet
}

// resnet builds a residual network (He et al. 2015,
// https://arxiv.org/abs/1512.03385). As in torchvision, a bottleneck's stride is
// in its 3×3 convolution, where the paper has it in the first 1×1.
func resnet(r residual) func(*builder) {
	return func(b *builder) {
		b.conv("conv1", 64, 7, 2) // [64,112,112]
		b.norm("bn1")
		b.relu("relu")
		b.maxpool("maxpool", 3, 2, 1) // [64,56,56]
		channels := 64
		for stage, name := range []string{"layer1", "layer2", "layer3", "layer4"} {
			for i := range r.blocks[stage] {
				stride := 1
				if stage > 0 && i == 0 {
					stride = 2
				}
				channels = r.block(b, numbered(name, i), channels, 64<<stage, stride)
			}
		}
		b.pooled()
		b.dense("fc", b.classes)
	}
}

// block adds relu(f(x) + x), where f is two or three convolutions. Where the
// shape changes, x goes through a 1×1 convolution of its own, the downsample. It
// returns the number of channels it gives.
func (r residual) block(b *builder, name string, channels, planes, stride int) int {
	x, out := b.top, planes
	if r.bottleneck {
		out = 4 * planes
		width := planes * r.width / 64 * r.groups
		b.conv(name+".conv1", width, 1, 1)
		b.norm(name + ".bn1")
		b.relu(name + ".relu")
		b.grouped(name+".conv2", width, 3, stride, r.groups)
		b.norm(name + ".bn2")
		b.relu(name + ".relu2")
		b.conv(name+".conv3", out, 1, 1)
		b.norm(name + ".bn3")
	} else {
		b.conv(name+".conv1", out, 3, stride)
		b.norm(name + ".bn1")
		b.relu(name + ".relu")
		b.conv(name+".conv2", out, 3, 1)
		b.norm(name + ".bn2")
	}
	f := b.top
	if stride != 1 || channels != out {
		b.branch(x)
		b.conv(name+".downsample.0", out, 1, stride)
		b.norm(name + ".downsample.1")
		x = b.top
	}
	b.add(name+".add", model.Add{}, f, x)
	b.relu(name + ".relu3")
	return out
}
