package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/model/weightfile"
	"github.com/pkg/errors"
)

const peers = "../../testdata/peers/"

// convert runs the command and returns what it prints.
func convert(g *globals, args ...string) (string, error) {
	cmd := newConvert(g)
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
	conv := filepath.Join(folder, "conv.safetensors")
	if _, err := convert(&globals{}, ours, conv, "--layers", "conv*"); err != nil {
		t.Fatal(err)
	}
	if m, err := weightfile.ReadPartial(conv); err != nil || len(m.Weights.Names()) != 4 {
		t.Errorf("found %v, expected the convolutions alone", err)
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
		{[]string{peers + "torch.npz", out, "--classes", "9-0"}, true, "backwards"},
		{[]string{peers + "torch.npz", out, "--spec", peers + "small.json", "--classes", "0-9"}, true, "found 10 classes, expected 5"},
		{[]string{peers + "torch.npz", out}, false, "expected shape [32 1 5 5]"},
		{[]string{peers + "none.npz", out}, false, "none.npz"},
		{[]string{peers + "small.json", out}, false, "small.json"},
	} {
		_, err := convert(&globals{}, test.args...)
		var wrong usageError
		if err == nil || errors.As(err, &wrong) != test.usage || !strings.Contains(err.Error(), test.word) {
			t.Errorf("%v: found %v, expected a word of %q", test.args, err, test.word)
		}
	}
}
