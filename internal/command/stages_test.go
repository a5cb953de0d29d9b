package command

import (
	"slices"
	"strings"
	"testing"
)

// TestStages unfreezes layer by layer, and compares the result with the same
// commands one after the other.
func TestStages(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	from := pretrained()
	r := ok(t, withSmall("retrain", "--json", "--from", from, "--last", "1", "--then", "2", "--then", "all:lr=0.0005,epochs=2", "--out", "a.safetensors")...)
	var told []string
	epochs := 0
	for _, line := range r.objects(t) {
		if line["stage"] != nil {
			kinds{"stage": count, "stages": count, "train": text, "epochs": count, "learning_rate": number}.check(t, line)
			told = append(told, line["train"].(string))
		}
		if line["epoch"] != nil {
			epochs++
		}
	}
	if !slices.Equal(told, []string{"the last layer", "the last 2 layers", "all layers"}) || epochs != 4 {
		t.Errorf("found the stages %q and %d epochs, expected 3 stages and 4 epochs", told, epochs)
	}
	done := r.last(t)
	retrainKinds.check(t, done)
	if done["frozen_identical"] != true || list(done["frozen"]) != "" || len(done["trained"].([]any)) != 8 {
		t.Errorf("found %v", done)
	}
	ok(t, withSmall("retrain", "--from", from, "--last", "1", "--out", "1")...)
	ok(t, withSmall("retrain", "--from", "1", "--last", "2", "--keep-head", "--lr", "0.002", "--out", "2")...)
	ok(t, withSmall("retrain", "--from", "2", "--last", "4", "--keep-head", "--lr", "0.0005", "--epochs", "2", "--out", "3")...)
	if string(readFile(t, "3")) != string(readFile(t, "a.safetensors")) {
		t.Error("the stages together and one by one wrote other bytes")
	}
}

func TestStagesUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, test := range []struct {
		flags []string
		say   []string
	}{
		{[]string{"--then", "1"}, []string{"--then 1", "more layers"}},
		{[]string{"--then", "0"}, []string{"--then", `"0"`, "LAST"}},
		{[]string{"--then", ""}, []string{"--then"}},
		{[]string{"--then", "4", "--then", "all"}, []string{"--then", "more layers"}},
		{[]string{"--then", "all", "--then", "4"}, []string{"--then 4", "more layers"}},
		{[]string{"--then", "9"}, []string{"last 9", "1 to 4"}},
		{[]string{"--then", "2:"}, []string{"--then", `""`}},
		{[]string{"--then", "2:epochs=0"}, []string{"--then", `"0" epochs`}},
		{[]string{"--then", "2:lr=NaN"}, []string{"--then", `"NaN"`}},
		{[]string{"--then", "2:lr=1e-99"}, []string{"--then", `"1e-99"`}},
		{[]string{"--then", "2:lr=1,lr=2"}, []string{"--then", "lr twice"}},
		{[]string{"--then", "2:speed=1"}, []string{"--then", "speed"}},
		{[]string{"--then", "2", "--train", "fc2"}, []string{"--train", "--then"}},
		{[]string{"--then", "2", "--checkpoint", "c"}, []string{"--checkpoint", "--then"}},
		{[]string{"--layer-lr", "fc1=0.1"}, []string{"--layer-lr", "fc1 is frozen", "fc2"}},
		{[]string{"--layer-lr", "fc3=0.1"}, []string{"--layer-lr", "fc3", "no layer"}},
		{[]string{"--layer-lr", "fc2"}, []string{"--layer-lr", "FACTOR"}},
		{[]string{"--layer-lr", "fc2=0"}, []string{"--layer-lr", "above 0"}},
		{[]string{"--layer-lr", "fc[=1"}, []string{"--layer-lr", "fc["}},
		{[]string{"--last", "2", "--layer-lr", "fc2=2,fc*=1"}, []string{"--layer-lr", "fc2"}},
		{[]string{"--layer-lr", "fc2=1e99"}, []string{"learning rate"}},
	} {
		r := mnist(t, withSmall("retrain", append([]string{"--from", pretrained()}, test.flags...)...)...)
		r.refused(t, exitUsage, test.say...)
	}
	if found := files(t, "."); found != "" {
		t.Errorf("left the files %s", found)
	}
}

// TestLayerRate makes sure that a factor is a factor, and that a checkpoint
// carries it.
func TestLayerRate(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	args := withSmall("retrain", "--from", pretrained(), "--last", "2", "--epochs", "3", "--schedule", "constant", "--quiet")
	out := ok(t, append(args, "--layer-lr", "fc*=0.5", "--out", "a", "--checkpoint", "c", "--every", "3steps")...).out
	if !strings.Contains(out, "fc1      learning rate 0.01") || !strings.Contains(out, "fc2      learning rate 0.01") {
		t.Errorf("found %q, expected the learning rates", out)
	}
	ok(t, append(args, "--lr", "0.01", "--out", "b")...)
	if string(readFile(t, "a")) != string(readFile(t, "b")) {
		t.Error("half of the rate by factors and half of the rate wrote other bytes")
	}
	again := slices.Clone(args)
	i := slices.Index(again, "--from")
	again = append(slices.Delete(again, i, i+2), "--resume", "c")
	mnist(t, append(again, "--layer-lr", "fc*=0.25")...).refused(t, exitUsage, "layer-lr", "0.5", "0.25")
	mnist(t, again...).refused(t, exitUsage, "layer-lr", "0.5")
	ok(t, append(again, "--layer-lr", "fc*=0.5", "--out", "d")...)
	if string(readFile(t, "a")) != string(readFile(t, "d")) {
		t.Error("taken up again it wrote other bytes")
	}
}
