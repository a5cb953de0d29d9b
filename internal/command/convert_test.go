package command

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/exit"
	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

const peers = "../../testdata/peers/"

// convert runs the command and returns what it prints.
func convert(g *globals, args ...string) (string, error) {
	cmd := newConvert(g)
	cmd.SetFlagErrorFunc(wrongFlag)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.Execute()
	return out.String(), err
}

func TestConvertThereAndBack(t *testing.T) {
	folder := t.TempDir()
	ours, theirs, onnx := filepath.Join(folder, "m.safetensors"), filepath.Join(folder, "tf.npz"), filepath.Join(folder, "m.onnx")
	text, err := convert(&globals{json: true}, peers+"torch.npz", ours, "--spec", peers+"small.json", "--classes", "5-9", "--mean", "0", "--std", "1")
	if err != nil {
		t.Fatal(err)
	}
	var line convertLine
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		t.Fatal(err)
	}
	if line.Layout != "torch" || len(line.Taken) != 8 || line.Ignored == nil || line.Missing == nil || strings.Count(text, "\n") != 1 {
		t.Errorf("found %s", text)
	}
	if want := (dataset.Preprocessing{Scale: 1.0 / 255, Mean: 0, Std: 1, Polarity: dataset.LightOnDark}); line.Preprocessing != want || strings.Join(line.Assumed, " ") != "polarity" {
		t.Errorf("found %+v and assumed %v, expected %+v and polarity", line.Preprocessing, line.Assumed, want)
	}
	m, err := weightfile.Read(ours)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Join(m.Classes, "") != "56789" || m.Prep.Mean != 0 || m.Prep.Std != 1 {
		t.Errorf("found classes %v and %+v", m.Classes, m.Prep)
	}
	for _, args := range [][]string{{ours, theirs, "--to-layout", "tf"}, {ours, onnx, "--softmax"}, {theirs, filepath.Join(folder, "again.safetensors"), "--spec", peers + "small.json"}} {
		if _, err := convert(&globals{}, args...); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
	back := filepath.Join(folder, "back.safetensors")
	if text, err := convert(&globals{}, onnx, back); err != nil || !strings.Contains(text, "note: the Softmax at the end is dropped") {
		t.Errorf("found %q (%v), expected a note that the Softmax is dropped", text, err)
	}
	if b, err := weightfile.Read(back); err != nil || b.Prep != m.Prep || strings.Join(b.Classes, "") != "56789" || b.Weights.Hash("fc1/W") != m.Weights.Hash("fc1/W") {
		t.Errorf("through ONNX: found another network (%v)", err)
	}
	if _, err := convert(&globals{}, onnx, back, "--mean", "0"); err == nil || !strings.Contains(err.Error(), "says that itself") {
		t.Errorf("found %v, expected that the file says its mean itself", err)
	}
	if text, err := convert(&globals{}, ours, back); err != nil || !strings.Contains(text, "taken  8 weights as they are\n") || strings.Contains(text, "conv1/W") {
		t.Errorf("found %q (%v), expected weights that stay as they are in one line", text, err)
	}
	conv := filepath.Join(folder, "conv.safetensors")
	if _, err := convert(&globals{}, ours, conv, "--layers", "conv*"); err != nil {
		t.Fatal(err)
	}
	if m, err := weightfile.ReadPartial(conv); err != nil || len(m.Weights.Names()) != 4 {
		t.Errorf("found %v, expected the convolutions alone", err)
	}
}

// TestConvertSaysWhatItAssumes makes sure that what the weights do not tell is
// printed, and what of it nobody said.
func TestConvertSaysWhatItAssumes(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	for _, test := range []struct {
		flags []string
		say   []string
	}{
		{nil, []string{"images: light-on-dark, 0 to 1 (a byte times 0.00392157), less the mean 0.1307, divided by the deviation 0.3081\n", "classes: 0, 1, 2, 3, 4\n", "assumed, since nothing was said: --mean, --std, --polarity, --classes\n"}},
		{[]string{"--mean", "0.5", "--std", "0.5", "--polarity", "dark-on-light"}, []string{"images: dark-on-light, 0 to 1 (a byte times 0.00392157), less the mean 0.5, divided by the deviation 0.5\n", "assumed, since nothing was said: --classes\n"}},
		{[]string{"--classes", "a,b,c,d,e"}, []string{"classes: a, b, c, d, e\n", "said: --mean, --std, --polarity\n"}},
	} {
		text, err := convert(&globals{}, append([]string{peers + "torch.npz", out, "--spec", peers + "small.json"}, test.flags...)...)
		if err != nil {
			t.Fatal(err)
		}
		for _, say := range test.say {
			if !strings.Contains(text, say) {
				t.Errorf("%v: found %s, expected it to say %q", test.flags, text, say)
			}
		}
	}
	// A model of ours says all of it itself.
	text, err := convert(&globals{}, out, filepath.Join(t.TempDir(), "m.npz"))
	if err != nil || !strings.Contains(text, "classes: a, b, c, d, e\n") || strings.Contains(text, "assumed") {
		t.Errorf("found %s and %v", text, err)
	}
	if _, err := convert(&globals{}, out, filepath.Join(t.TempDir(), "m.npz"), "--polarity", "dark-on-light"); err == nil || !strings.Contains(err.Error(), "--polarity") {
		t.Errorf("found %v, expected an error about --polarity", err)
	}
}

func TestConvertRefuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	for _, test := range []struct {
		args  []string
		usage bool
		word  string
	}{
		{[]string{"a"}, true, "expected IN and OUT"},
		{[]string{peers + "torch.npz", "m.h5"}, true, `".h5"`},
		{[]string{peers + "torch.npz", out, "--softmax"}, true, "--softmax"},
		{[]string{peers + "torch.npz", "m.onnx", "--to-layout", "tf"}, true, "--to-layout"},
		{[]string{peers + "torch.npz", out, "--to-layout", "x"}, true, "--to-layout"},
		{[]string{peers + "torch.npz", out, "--layout", "x"}, true, "--layout"},
		{[]string{peers + "torch.npz", out, "--map", "x"}, true, "--map"},
		{[]string{peers + "torch.npz", out, "--std", "0"}, true, "--std"},
		{[]string{peers + "torch.npz", out, "--polarity", "dark"}, true, "--polarity"},
		{[]string{peers + "torch.npz", out, "--classes", "9-0"}, true, "backwards"},
		{[]string{peers + "torch.npz", out, "--spec", peers + "small.json", "--classes", "0-9"}, true, "found 10 classes, expected 5"},
		{[]string{peers + "torch.npz", out}, false, "expected shape [32 1 5 5]"},
		{[]string{peers + "none.npz", out}, false, "none.npz"},
		{[]string{peers + "small.json", out}, false, "small.json"},
	} {
		_, err := convert(&globals{}, test.args...)
		var wrong exit.UsageError
		if err == nil || errors.As(err, &wrong) != test.usage || !strings.Contains(err.Error(), test.word) {
			t.Errorf("%v: found %v, expected a word of %q", test.args, err, test.word)
		}
	}
}
