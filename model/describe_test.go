package model_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model"
)

// TestDescribe compares the table of the seed network, of which each row is a
// layer, with what the selection and the cut should make of it.
func TestDescribe(t *testing.T) {
	spec := model.DeepMNIST()
	w := mustInit(t, spec, 1)
	// What does not depend on the selection: output, kernel, parameters.
	fixed := map[string]string{
		"conv1": "conv [32 28 28] [32 1 5 5] 832",
		"relu1": "relu [32 28 28] [] 0",
		"pool1": "maxpool [32 14 14] [] 0",
		"conv2": "conv [64 14 14] [64 32 5 5] 51264",
		"relu2": "relu [64 14 14] [] 0",
		"pool2": "maxpool [64 7 7] [] 0",
		"fc1":   "dense [1024] [3136 1024] 3212288",
		"relu3": "relu [1024] [] 0",
		"drop":  "dropout [1024] [] 0",
		"fc2":   "dense [10] [1024 10] 10250",
	}
	for _, test := range []struct {
		reason    string
		selection model.Selection
		cut       bool
		trained   string // layers
		enters    [4]string
		cached    int // layers from the input on
	}{
		{"all", model.All(), false, "conv1 conv2 fc1 fc2", [4]string{"variable", "variable", "variable", "variable"}, 0},
		{"last two", model.Last(2), false, "fc1 fc2", [4]string{"constant", "constant", "variable", "variable"}, 0},
		{"last one", model.Last(1), false, "fc2", [4]string{"constant", "constant", "constant", "variable"}, 0},
		{"one in the middle", model.Layers("fc1"), false, "fc1", [4]string{"constant", "constant", "variable", "constant"}, 0},
		{"none", model.None(), false, "", [4]string{"constant", "constant", "constant", "constant"}, 0},
		{"last two, cut", model.Last(2), true, "fc1 fc2", [4]string{"cut off", "cut off", "variable", "variable"}, 6},
		{"last one, cut below the dropout", model.Last(1), true, "fc2", [4]string{"cut off", "cut off", "cut off", "variable"}, 8},
	} {
		opts := []model.Option{model.Batch(2)}
		if test.cut {
			opts = append(opts, model.HeadOf(cutOf(t, spec, strings.Fields(test.trained)...)))
		}
		infos := mustBuild(t, spec, w, test.selection, opts...).Describe()
		if len(infos) != len(spec.Layers) {
			t.Fatalf("%s: found %d rows, expected %d", test.reason, len(infos), len(spec.Layers))
		}
		weighted := 0
		trained := ""
		for i, info := range infos {
			if got := fmt.Sprint(info.Kind, " ", info.Output, " ", info.Kernel, " ", info.Parameters); info.Name != spec.Layers[i].Name || got != fixed[info.Name] {
				t.Errorf("%s: found %s %s, expected %s %s", test.reason, info.Name, got, spec.Layers[i].Name, fixed[info.Name])
			}
			enters := ""
			if info.Parameters > 0 {
				enters = test.enters[weighted]
				weighted++
			}
			if info.Enters != enters {
				t.Errorf("%s: %s enters as %q, expected %q", test.reason, info.Name, info.Enters, enters)
			}
			if info.Trained {
				trained += " " + info.Name
			}
			if info.Cached != (i < test.cached) {
				t.Errorf("%s: %s: found cached %v", test.reason, info.Name, info.Cached)
			}
			node := map[string]string{"relu1": "conv1", "pool1": "conv1", "relu2": "conv2", "pool2": "conv2", "relu3": "fc1"}[info.Name]
			if node == "" {
				node = info.Name // not fused into another
			}
			if info.Cached || info.Kind == "dropout" && test.trained == "" {
				node = "" // not in this graph
			}
			if info.Node != node {
				t.Errorf("%s: %s is computed by the node %q, expected %q", test.reason, info.Name, info.Node, node)
			}
		}
		if trained != "" {
			trained = trained[1:]
		}
		if trained != test.trained {
			t.Errorf("%s: found %q trained, expected %q", test.reason, trained, test.trained)
		}
	}
}
