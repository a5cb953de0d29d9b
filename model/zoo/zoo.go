package zoo

import (
	"maps"
	"slices"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// ErrUnknown is the cause of Spec's error for a name that is not in Names.
var ErrUnknown = errors.New("unknown architecture")

// architecture is how a network is built, and the side of the images that its
// published weights were trained on.
type architecture struct {
	size  int
	build func(*builder)
}

// architectures are the networks by torchvision's names.
var architectures = map[string]architecture{
	"alexnet":            {224, alexnet},
	"densenet121":        {224, densenet(32, 64, [4]int{6, 12, 24, 16})},
	"densenet161":        {224, densenet(48, 96, [4]int{6, 12, 36, 24})},
	"densenet169":        {224, densenet(32, 64, [4]int{6, 12, 32, 32})},
	"densenet201":        {224, densenet(32, 64, [4]int{6, 12, 48, 32})},
	"efficientnet_b0":    {224, efficientnet(1, 1, 0.2)},
	"efficientnet_b1":    {240, efficientnet(1, 1.1, 0.2)},
	"efficientnet_b2":    {288, efficientnet(1.1, 1.2, 0.3)},
	"efficientnet_b3":    {300, efficientnet(1.2, 1.4, 0.3)},
	"efficientnet_b4":    {380, efficientnet(1.4, 1.8, 0.4)},
	"efficientnet_v2_s":  {384, efficientnetV2(24, efficientnetV2S, 0.2)},
	"efficientnet_v2_m":  {480, efficientnetV2(24, efficientnetV2M, 0.3)},
	"efficientnet_v2_l":  {480, efficientnetV2(32, efficientnetV2L, 0.4)},
	"googlenet":          {224, googlenet},
	"inception_v3":       {299, inceptionV3},
	"mnasnet0_5":         {224, mnasnet(0.5)},
	"mnasnet1_0":         {224, mnasnet(1)},
	"mobilenet_v2":       {224, mobilenetV2},
	"mobilenet_v3_large": {224, mobilenetV3(mobilenetV3Large, 1280)},
	"mobilenet_v3_small": {224, mobilenetV3(mobilenetV3Small, 1024)},
	"resnet18":           {224, resnet(residual{false, [4]int{2, 2, 2, 2}, 1, 64})},
	"resnet34":           {224, resnet(residual{false, [4]int{3, 4, 6, 3}, 1, 64})},
	"resnet50":           {224, resnet(residual{true, [4]int{3, 4, 6, 3}, 1, 64})},
	"resnet101":          {224, resnet(residual{true, [4]int{3, 4, 23, 3}, 1, 64})},
	"resnet152":          {224, resnet(residual{true, [4]int{3, 8, 36, 3}, 1, 64})},
	"resnext50_32x4d":    {224, resnet(residual{true, [4]int{3, 4, 6, 3}, 32, 4})},
	"resnext101_32x8d":   {224, resnet(residual{true, [4]int{3, 4, 23, 3}, 32, 8})},
	"shufflenet_v2_x0_5": {224, shufflenetV2([3]int{48, 96, 192}, 1024)},
	"shufflenet_v2_x1_0": {224, shufflenetV2([3]int{116, 232, 464}, 1024)},
	"squeezenet1_0":      {224, squeezenet10},
	"squeezenet1_1":      {224, squeezenet11},
	"vgg11":              {224, vgg([5]int{1, 1, 2, 2, 2}, false)},
	"vgg11_bn":           {224, vgg([5]int{1, 1, 2, 2, 2}, true)},
	"vgg13":              {224, vgg([5]int{2, 2, 2, 2, 2}, false)},
	"vgg13_bn":           {224, vgg([5]int{2, 2, 2, 2, 2}, true)},
	"vgg16":              {224, vgg([5]int{2, 2, 3, 3, 3}, false)},
	"vgg16_bn":           {224, vgg([5]int{2, 2, 3, 3, 3}, true)},
	"vgg19":              {224, vgg([5]int{2, 2, 4, 4, 4}, false)},
	"vgg19_bn":           {224, vgg([5]int{2, 2, 4, 4, 4}, true)},
	"wide_resnet50_2":    {224, resnet(residual{true, [4]int{3, 4, 6, 3}, 1, 128})},
	"wide_resnet101_2":   {224, resnet(residual{true, [4]int{3, 4, 23, 3}, 1, 128})},
}

// Names returns the names that Spec takes, in alphabetical order.
func Names() []string { return slices.Sorted(maps.Keys(architectures)) }

// Spec returns the network of that name for RGB images of size×size, [3,H,W],
// with that many classes. The size that the published weights were trained on is
// taken when size is 0. Errors have ErrUnknown or model.ErrSpec as their cause.
func Spec(name string, classes, size int) (model.Spec, error) {
	a, ok := architectures[name]
	if !ok {
		return model.Spec{}, errors.Wrapf(ErrUnknown, "found %.100q, expected one of %s", name, strings.Join(Names(), ", "))
	}
	if size == 0 {
		size = a.size
	}
	b := &builder{spec: model.Spec{Input: []int{3, size, size}}, classes: classes, eps: 1e-5}
	a.build(b)
	if b.err != nil {
		return model.Spec{}, errors.WithMessage(b.err, name)
	}
	return b.spec, errors.WithMessage(b.spec.Validate(), name)
}
