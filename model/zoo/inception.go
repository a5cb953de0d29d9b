package zoo

import "github.com/lastlayer/lastlayer/model"

// inceptionV3 builds the network of Szegedy et al. 2015
// (https://arxiv.org/abs/1512.00567) for images of 299×299, without the second
// classifier that serves its first training alone.
func inceptionV3(b *builder) {
	b.eps = 0.001
	b.unpadded("Conv2d_1a_3x3", 32, 3, 2)
	b.unpadded("Conv2d_2a_3x3", 32, 3, 1)
	b.basicConv("Conv2d_2b_3x3", 64, 3, 1)
	b.maxpool("maxpool1", 3, 2, 0) // [64,73,73]
	b.basicConv("Conv2d_3b_1x1", 80, 1, 1)
	b.unpadded("Conv2d_4a_3x3", 192, 3, 1)
	b.maxpool("maxpool2", 3, 2, 0) // [192,35,35]
	b.inceptionA("Mixed_5b", 32)
	b.inceptionA("Mixed_5c", 64)
	b.inceptionA("Mixed_5d", 64)
	b.inceptionB("Mixed_6a") // [768,17,17]
	b.inceptionC("Mixed_6b", 128)
	b.inceptionC("Mixed_6c", 160)
	b.inceptionC("Mixed_6d", 160)
	b.inceptionC("Mixed_6e", 192)
	b.inceptionD("Mixed_7a") // [1280,8,8]
	b.inceptionE("Mixed_7b")
	b.inceptionE("Mixed_7c") // [2048,8,8]
	b.pooled()
	b.dropout("dropout", 0.5)
	b.dense("fc", b.classes)
}

func (b *builder) inceptionA(name string, pooled int) {
	b.branches(name,
		func() { b.basicConv(name+".branch1x1", 64, 1, 1) },
		func() {
			b.basicConv(name+".branch5x5_1", 48, 1, 1)
			b.basicConv(name+".branch5x5_2", 64, 5, 1)
		},
		func() {
			b.basicConv(name+".branch3x3dbl_1", 64, 1, 1)
			b.basicConv(name+".branch3x3dbl_2", 96, 3, 1)
			b.basicConv(name+".branch3x3dbl_3", 96, 3, 1)
		},
		func() { b.poolBranch(name, pooled) })
}

func (b *builder) inceptionB(name string) {
	b.branches(name,
		func() { b.unpadded(name+".branch3x3", 384, 3, 2) },
		func() {
			b.basicConv(name+".branch3x3dbl_1", 64, 1, 1)
			b.basicConv(name+".branch3x3dbl_2", 96, 3, 1)
			b.unpadded(name+".branch3x3dbl_3", 96, 3, 2)
		},
		func() { b.maxpool(name+".branch_pool", 3, 2, 0) })
}

func (b *builder) inceptionC(name string, width int) {
	b.branches(name,
		func() { b.basicConv(name+".branch1x1", 192, 1, 1) },
		func() {
			b.basicConv(name+".branch7x7_1", width, 1, 1)
			b.oblong(name+".branch7x7_2", width, 1, 7)
			b.oblong(name+".branch7x7_3", 192, 7, 1)
		},
		func() {
			b.basicConv(name+".branch7x7dbl_1", width, 1, 1)
			b.oblong(name+".branch7x7dbl_2", width, 7, 1)
			b.oblong(name+".branch7x7dbl_3", width, 1, 7)
			b.oblong(name+".branch7x7dbl_4", width, 7, 1)
			b.oblong(name+".branch7x7dbl_5", 192, 1, 7)
		},
		func() { b.poolBranch(name, 192) })
}

func (b *builder) inceptionD(name string) {
	b.branches(name,
		func() {
			b.basicConv(name+".branch3x3_1", 192, 1, 1)
			b.unpadded(name+".branch3x3_2", 320, 3, 2)
		},
		func() {
			b.basicConv(name+".branch7x7x3_1", 192, 1, 1)
			b.oblong(name+".branch7x7x3_2", 192, 1, 7)
			b.oblong(name+".branch7x7x3_3", 192, 7, 1)
			b.unpadded(name+".branch7x7x3_4", 192, 3, 2)
		},
		func() { b.maxpool(name+".branch_pool", 3, 2, 0) })
}

func (b *builder) inceptionE(name string) {
	b.branches(name,
		func() { b.basicConv(name+".branch1x1", 320, 1, 1) },
		func() {
			b.basicConv(name+".branch3x3_1", 384, 1, 1)
			b.branches(name+".branch3x3",
				func() { b.oblong(name+".branch3x3_2a", 384, 1, 3) },
				func() { b.oblong(name+".branch3x3_2b", 384, 3, 1) })
		},
		func() {
			b.basicConv(name+".branch3x3dbl_1", 448, 1, 1)
			b.basicConv(name+".branch3x3dbl_2", 384, 3, 1)
			b.branches(name+".branch3x3dbl",
				func() { b.oblong(name+".branch3x3dbl_3a", 384, 1, 3) },
				func() { b.oblong(name+".branch3x3dbl_3b", 384, 3, 1) })
		},
		func() { b.poolBranch(name, 192) })
}

// branches adds each on top of the same layer, then their channels side by side.
func (b *builder) branches(name string, adds ...func()) {
	x := b.top
	var ends []string
	for _, add := range adds {
		b.branch(x)
		add()
		ends = append(ends, b.top)
	}
	b.add(name+".concat", model.Concat{}, ends...)
}

// poolBranch adds an average pooling, whose padding counts, and a 1×1
// convolution.
func (b *builder) poolBranch(name string, out int) {
	b.add(name+".avgpool", model.AveragePool{Kernel: model.Sides{3}, Stride: model.Sides{1}, Pad: model.Sides{1}, CountPad: true})
	b.basicConv(name+".branch_pool", out, 1, 1)
}

// unpadded is basicConv without padding.
func (b *builder) unpadded(name string, out, kernel, stride int) {
	b.rectified(name, model.Conv{Out: out, Kernel: model.Sides{kernel}, Stride: model.Sides{stride}, NoBias: true})
}

// oblong is basicConv with a kernel of h×w.
func (b *builder) oblong(name string, out, h, w int) {
	b.rectified(name, model.Conv{Out: out, Kernel: model.Sides{h, w}, Stride: model.Sides{1}, Pad: model.Sides{h / 2, w / 2, h / 2, w / 2}, NoBias: true})
}

func (b *builder) rectified(name string, conv model.Conv) {
	b.add(name+".conv", conv)
	b.norm(name + ".bn")
	b.relu(name + ".relu")
}
