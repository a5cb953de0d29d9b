package zoo

import "github.com/lastlayer/lastlayer/model"

// googlenet builds the network of Szegedy et al. 2014
// (https://arxiv.org/abs/1409.4842), without the two classifiers halfway that
// serve its first training alone.
func googlenet(b *builder) {
	b.eps = 0.001
	b.basicConv("conv1", 64, 7, 2)
	b.maxpoolCeil("maxpool1", 3, 2)
	b.basicConv("conv2", 64, 1, 1)
	b.basicConv("conv3", 192, 3, 1)
	b.maxpoolCeil("maxpool2", 3, 2) // [192,28,28]
	b.inception("inception3a", 64, 96, 128, 16, 32, 32)
	b.inception("inception3b", 128, 128, 192, 32, 96, 64)
	b.maxpoolCeil("maxpool3", 3, 2) // [480,14,14]
	b.inception("inception4a", 192, 96, 208, 16, 48, 64)
	b.inception("inception4b", 160, 112, 224, 24, 64, 64)
	b.inception("inception4c", 128, 128, 256, 24, 64, 64)
	b.inception("inception4d", 112, 144, 288, 32, 64, 64)
	b.inception("inception4e", 256, 160, 320, 32, 128, 128)
	b.maxpoolCeil("maxpool4", 2, 2) // [832,7,7]
	b.inception("inception5a", 256, 160, 320, 32, 128, 128)
	b.inception("inception5b", 384, 192, 384, 48, 128, 128)
	b.pooled()
	b.dropout("dropout", 0.2)
	b.dense("fc", b.classes)
}

// inception adds four branches side by side: 1×1; 1×1 then 3×3, twice; a
// pooling, then 1×1. The second 3×3 is a 5×5 in the paper; torchvision's weights
// are of a 3×3.
func (b *builder) inception(name string, one, reduce3, three, reduce5, five, project int) {
	x := b.top
	b.basicConv(name+".branch1", one, 1, 1)
	branch1 := b.top
	b.branch(x)
	b.basicConv(name+".branch2.0", reduce3, 1, 1)
	b.basicConv(name+".branch2.1", three, 3, 1)
	branch2 := b.top
	b.branch(x)
	b.basicConv(name+".branch3.0", reduce5, 1, 1)
	b.basicConv(name+".branch3.1", five, 3, 1)
	branch3 := b.top
	b.branch(x)
	b.add(name+".branch4.0", model.MaxPool{Kernel: model.Sides{3}, Stride: model.Sides{1}, Pad: model.Sides{1}, Ceil: true})
	b.basicConv(name+".branch4.1", project, 1, 1)
	b.add(name+".concat", model.Concat{}, branch1, branch2, branch3, b.top)
}

// basicConv adds a convolution, its normalisation and a ReLU.
func (b *builder) basicConv(name string, out, kernel, stride int) {
	b.conv(name+".conv", out, kernel, stride)
	b.norm(name + ".bn")
	b.relu(name + ".relu")
}
