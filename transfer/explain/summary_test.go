package explain_test

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/transfer/explain"
)

// TestSummarise holds the cost of two networks to what is published of them, in
// GFLOPS of torchvision, which counts multiply-adds: 1.81 and 0.06.
func TestSummarise(t *testing.T) {
	for name, expected := range map[string]int64{"resnet18": 1_814_073_344, "mobilenet_v3_small": 56_510_400} {
		spec, err := zoo.Spec(name, 1000, 0)
		smallnet.Must(t, err)
		s, err := explain.Summarise(spec)
		smallnet.Must(t, err)
		if s.MultiplyAdds != expected || len(s.Layers) != len(spec.Layers) {
			t.Errorf("%s: found %d multiply-adds in %d layers, expected %d in %d", name, s.MultiplyAdds, len(s.Layers), expected, len(spec.Layers))
		}
	}
	s, err := explain.Summarise(smallnet.Residual())
	smallnet.Must(t, err)
	for _, words := range []string{"images [1 28 28]", "conv1 conv [4 14 14] [4 1 3 3] 36 7056", "add1 add [4 14 14] from bn2, relu1", "fc dense [10] [8 10] 90 80", "in all 630 51040"} {
		found := false
		for line := range strings.Lines(s.String()) {
			found = found || strings.Join(strings.Fields(line), " ") == words
		}
		if !found {
			t.Errorf("found no line %q in\n%s", words, s)
		}
	}
	if _, err := explain.Summarise(model.Spec{}); err == nil {
		t.Error("an empty spec: found no error")
	}
}
