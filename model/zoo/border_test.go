package zoo_test

import (
	"testing"

	"github.com/lastlayer/lastlayer/internal/border"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
)

// TestBorder asks for what there is not.
func TestBorder(t *testing.T) {
	b := border.New(t)
	b.Refuse("Spec", "no name", zoo.ErrUnknown, func() error { _, err := zoo.Spec("", 10, 0); return err })
	for _, classes := range []int{-1, 1 << 40} {
		b.Refuse("Spec", "classes", model.ErrSpec, func() error { _, err := zoo.Spec("resnet18", classes, 0); return err })
	}
	for _, size := range []int{-1, 1, 1 << 40} {
		b.Refuse("Spec", "size", model.ErrSpec, func() error { _, err := zoo.Spec("alexnet", 10, size); return err })
	}
	b.Refuse("Timm", "no name", zoo.ErrUnknown, func() error { _, _, err := zoo.Timm("", 10, 0); return err })
	b.Refuse("Timm", "classes", model.ErrSpec, func() error { _, _, err := zoo.Timm("mobilenetv2_100", -1, 0); return err })
	b.Complete()
}
