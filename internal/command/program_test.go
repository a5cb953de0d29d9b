package command

import (
	"bytes"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/peer"
	"github.com/spf13/cobra"
)

// lastlayer runs a command line of that program in process.
func lastlayer(t *testing.T, args ...string) ran {
	t.Helper()
	var out, err bytes.Buffer
	status := Run(LastLayer, args, &out, &err)
	return ran{"lastlayer " + strings.Join(args, " "), status, out.String(), err.String()}
}

// TestLastLayerNamesItself: no help, example or error of the program sends to mnist.
func TestLastLayerNamesItself(t *testing.T) {
	root := newRoot(LastLayer)
	for _, cmd := range append([]*cobra.Command{root}, root.Commands()...) {
		help := lastlayer(t, append(strings.Fields(cmd.CommandPath())[1:], "--help")...)
		for _, words := range []string{"mnist train", "mnist retrain", "mnist eval", "mnist predict", "mnist demo"} {
			if strings.Contains(help.out, words) {
				t.Errorf("%s says %q", help.args, words)
			}
		}
		if help.status != exitDone || !strings.Contains(help.out, "\n  lastlayer ") {
			t.Errorf("%s: found status %d and no example of its own:\n%s", help.args, help.status, help.out)
		}
	}
	photos := t.TempDir()
	for _, test := range []struct {
		args   string
		status int
		says   string
	}{
		{"demo", exitUsage, `unknown argument or command "demo"`},
		{"retrain --data " + photos, exitUsage, "an .onnx, say"},
		{"retrain --from n.onnx", exitUsage, "--data: found none"},
		{"eval --model n.onnx", exitUsage, "--data: found none"},
		{"explain --from n.onnx", exitUsage, "--data: found none"},
		{"eval --data " + photos, exitUsage, "'lastlayer retrain'"},
		{"predict a.jpg", exitUsage, "'lastlayer retrain'"},
		{"train --data " + photos, exitUsage, "--arch: found none"},
		{"train --data " + photos + " --arch resnet19", exitUsage, "--arch"},
		{"train --data " + photos + " --arch resnet18 --prepare torch", exitUsage, "--prepare"},
		{"train --data " + photos + " --prepare tf", exitUsage, "goes with --arch"},
		{"lr-find --data " + photos, exitUsage, "--arch: found none"},
	} {
		r := lastlayer(t, strings.Fields(test.args)...)
		if r.status != test.status || !strings.HasPrefix(r.err, "lastlayer: ") || !strings.Contains(r.err, test.says) || strings.Contains(r.err, "mnist train") {
			t.Errorf("%s: found status %d and %q, expected %d and a message of lastlayer's that says %q", r.args, r.status, r.err, test.status, test.says)
		}
	}
}

// TestUnknownPreparation: a network of photos that does not say how they are
// prepared gives no answer by a guess.
func TestUnknownPreparation(t *testing.T) {
	network, photo := peer.Data(t, "pretrained/mobilenet_v1_025_224.onnx"), peer.Data(t, "photos/single/cat.jpg")
	signs := peer.Data(t, "photos/signs")
	for _, args := range [][]string{{"predict", "--model", network, photo}, {"eval", "--model", network, "--data", signs}, {"retrain", "--from", network, "--data", signs}} {
		r := lastlayer(t, args...)
		if r.status != exitUsage || strings.Count(r.err, "\n") != 1 { // no note of what is assumed before it
			t.Errorf("%s: found status %d: %s", r.args, r.status, r.err)
		}
		for _, words := range []string{"--prepare: found none", "torchvision, tf or caffe", "103.939", "'lastlayer predict"} {
			if !strings.Contains(r.err, words) {
				t.Errorf("%s: found %q, expected it to say %q", r.args, r.err, words)
			}
		}
	}
	if r := lastlayer(t, "show", network); r.status != exitDone {
		t.Errorf("%s: found status %d: %s", r.args, r.status, r.err)
	}
}

// TestTrainArch trains a network that a name says from nothing, in two goes.
func TestTrainArch(t *testing.T) {
	slow(t)
	signs := peer.Data(t, "photos/signs")
	t.Chdir(t.TempDir())
	from := []string{"train", "--data", signs, "--classes", "0-1", "--limit", "4", "--batch", "4", "--epochs", "1", "--checkpoint", "c.safetensors", "--out", "n.safetensors"}
	for _, more := range [][]string{{"--arch", "squeezenet1_1"}, {"--arch", "squeezenet1_1", "--resume", "c.safetensors"}, {"--resume", "c.safetensors"}} {
		if r := lastlayer(t, append(from, more...)...); r.status != exitDone {
			t.Errorf("%s: found status %d: %s", r.args, r.status, r.err)
		}
	}
	for _, other := range [][]string{{"--arch", "resnet18"}, {"--arch", "squeezenet1_1", "--prepare", "tf"}} {
		if r := lastlayer(t, append(append(from, "--resume", "c.safetensors"), other...)...); r.status != exitUsage || !strings.Contains(r.err, "of another network than --arch "+other[1]) {
			t.Errorf("%s: found status %d: %s", r.args, r.status, r.err)
		}
	}
	if r := lastlayer(t, "show", "n.safetensors"); !strings.Contains(r.out, "[3 224 224]") || !strings.Contains(r.out, "classes: 0, 1\n") {
		t.Errorf("found %s", r.out)
	}
}
