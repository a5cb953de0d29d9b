package command

import (
	"slices"
	"testing"
)

// TestUsage gives the program command lines that cannot be obeyed. All must be
// refused in one line, before anything is written.
func TestUsage(t *testing.T) {
	slow(t)
	from := pretrained()
	for _, test := range []struct {
		args []string
		more []string // args are of withSmall where there are more
		say  []string
	}{
		{[]string{"trian"}, nil, []string{`"trian"`, `"train"`}},
		{[]string{"retrian", "--from", from}, nil, []string{`"retrian"`, `"retrain"`}},
		{[]string{"--from", from, "retrian"}, nil, []string{`"retrian"`, `"retrain"`}},
		{[]string{"--threads", "1", "trian", "--nope"}, nil, []string{`"trian"`, `"train"`}},
		{[]string{"trian", "--threads", "x"}, nil, []string{"--threads"}},
		{[]string{"eval", "--modle", from}, nil, []string{"--modle", "mean --model?", "'mnist eval --help'"}},
		{[]string{"train", "--epoch", "3"}, nil, []string{"--epoch;", "mean --epochs?"}},
		{[]string{"train", "-epochs", "3"}, nil, []string{"-epochs", "mean --epochs?"}},
		{[]string{"train", "--thread=3"}, nil, []string{"mean --threads?"}},
		{[]string{"train", "--epochs", "3.5"}, nil, []string{`--epochs: found "3.5", expected a whole number; see`}},
		{[]string{"train", "--epochs", "99999999999999999999"}, nil, []string{"--epochs", "expected a number nearer to 0"}},
		{[]string{"train", "--seed", "-1"}, nil, []string{`--seed: found "-1", expected a whole number from 0;`}},
		{[]string{"train", "--lr", "0,5"}, nil, []string{`--lr: found "0,5", expected a number;`}},
		{[]string{"train", "--skip-bad=maybe"}, nil, []string{`"maybe", expected true or false`}},
		{[]string{"retrain", "--cache-memory", "5XB"}, nil, []string{`--cache-memory: found "5XB", expected a size, as`}},
		{[]string{"retrain", "--from", from, "--checkpoint="}, nil, []string{"--checkpoint: found no file name"}},
		{[]string{"retrain", "--from", from, "--features="}, nil, []string{"--features: found no names of feature files"}},
		{[]string{"retrain", "--from", from, "--train="}, nil, []string{"--train: found no names of layers"}},
		{[]string{"retrain", "--from", from, "--layer-lr="}, nil, []string{"--layer-lr: found no factor"}},
		{[]string{"retrain", "--resume="}, nil, []string{"--resume: found no file name"}},
		{[]string{"features", "--model", from, "--cache-dir="}, nil, []string{"--cache-dir: found no folder name"}},
		{[]string{"lr-find", "--from", from, "--cache-dir="}, nil, []string{"--cache-dir: found no folder name"}},
		{[]string{"explain", "--from", from, "--graph="}, nil, []string{"--graph: found no file name"}},
		{[]string{"show", from, "--labels="}, nil, []string{"--labels: found no file name"}},
		{[]string{"show", from, "--arch="}, nil, []string{"--arch: found no name of a network"}},
		{[]string{"train", "--prepare="}, nil, []string{"--prepare: found no name of a preset"}},
		{[]string{"train", "--class-weights="}, nil, []string{`--class-weights: found "", expected balanced`}},
		{[]string{"convert", from, "out.onnx", "--spec="}, nil, []string{"--spec: found no file name"}},
		{[]string{"show", from, "--features-from="}, nil, []string{"--features-from: found no name of a layer"}},
		{[]string{"explain", "--from", from, "--image", "a.png", "--class="}, nil, []string{"--class: found no name of a class"}},
		{[]string{"predict", "--model", from, ""}, nil, []string{"an image without a name"}},
		{[]string{"--nope"}, nil, []string{"--nope", "'mnist --help'"}},
		{[]string{"train", "--nope"}, nil, []string{"--nope", "'mnist train --help'"}},
		{[]string{"train", "sample"}, nil, []string{`"sample"`, "'mnist train --help'"}},
		{[]string{"eval", from}, nil, []string{from}},
		{[]string{"demo", "0-4"}, nil, []string{`"0-4"`}},
		{[]string{"help", "nope"}, nil, []string{`"nope"`}},
		{[]string{"completion", "csh"}, nil, []string{`"csh"`}},
		{[]string{"completion", "bash", "zsh"}, nil, []string{`"zsh"`}},
		{[]string{"demo", "--epochs", "0"}, nil, []string{"--epochs", "0"}},
		{[]string{"retrain"}, nil, []string{"--from"}},
		{[]string{"eval"}, nil, []string{"--model"}},
		{[]string{"predict"}, nil, []string{"image"}},
		{[]string{"predict", "seven.png"}, nil, []string{"--model"}},
		{[]string{"predict", "--model", from}, nil, []string{"image"}},
		{[]string{"predict", "--model", from, "-", "-"}, nil, []string{"standard input"}},
		{[]string{"convert", from}, nil, []string{"IN and OUT"}},
		{[]string{"serve"}, nil, []string{"--model"}},
		{[]string{"serve", from}, nil, []string{from}},
		{[]string{"serve", "--model", from, "--listen", "nope"}, nil, []string{"--listen", "nope", "127.0.0.1:8080"}},
		{[]string{"serve", "--model", from, "--listen", "127.0.0.1:http"}, nil, []string{"--listen", "http"}},
		{[]string{"serve", "--model", from, "--listen", "127.0.0.1:65536"}, nil, []string{"--listen", "65536"}},
		{[]string{"serve", "--model", from, "--listen="}, nil, []string{"--listen"}},
		{[]string{"eval", "--model", from, "--data", "sample", "--classes", "0-2"}, nil, []string{"--classes", "2", "0, 1"}},
		{[]string{"eval", "--model", from, "--threads", "-1"}, nil, []string{"threads", "-1"}},

		{[]string{"train"}, []string{"--classes", "nope"}, []string{"--classes", "nope", "0, 1, 2"}},
		{[]string{"train"}, []string{"--classes", "8-12"}, []string{"--classes", "10, 11, 12"}},
		{[]string{"train"}, []string{"--classes", "4-0"}, []string{"--classes", "4-0"}},
		{[]string{"train"}, []string{"--classes", "1,,2"}, []string{"--classes", "empty"}},
		{[]string{"train"}, []string{"--epochs", "0"}, []string{"--epochs", "0"}},
		{[]string{"train"}, []string{"--epochs", "-3"}, []string{"--epochs", "-3"}},
		{[]string{"train"}, []string{"--epochs", "many"}, []string{"--epochs", "many", "a whole number"}},
		{[]string{"train"}, []string{"--lr", "0"}, []string{"--lr", "0"}},
		{[]string{"train"}, []string{"--lr", "NaN"}, []string{"--lr", "NaN"}},
		{[]string{"train"}, []string{"--lr", "Inf"}, []string{"--lr", "Inf"}},
		{[]string{"train"}, []string{"--lr", "-1"}, []string{"--lr", "-1"}},
		{[]string{"train"}, []string{"--momentum", "1"}, []string{"momentum", "1"}},
		{[]string{"train"}, []string{"--momentum", "NaN"}, []string{"momentum", "NaN"}},
		{[]string{"train"}, []string{"--solver", "sgd", "--momentum", "0.5"}, []string{"--momentum", "sgd"}},
		{[]string{"train"}, []string{"--every", "5steps"}, []string{"--every", "--checkpoint"}},
		{[]string{"train"}, []string{"--weight-decay", "-1"}, []string{"weight decay", "-1"}},
		{[]string{"train"}, []string{"--batch", "0"}, []string{"--batch", "0"}},
		{[]string{"train"}, []string{"--batch", "1000000"}, []string{"--batch", "1000000"}},
		{[]string{"train"}, []string{"--limit", "1000000"}, []string{"--limit", "1000000", "200 images"}},
		{[]string{"train"}, []string{"--limit", "-1"}, []string{"--limit", "-1"}},
		{[]string{"train"}, []string{"--limit", "1"}, []string{"--limit", "1", "2 classes"}},
		{[]string{"train"}, []string{"--patience", "2"}, []string{"--patience", "--validation"}},
		{[]string{"train"}, []string{"--patience", "-1", "--validation", "0.1"}, []string{"--patience", "-1"}},
		{[]string{"train"}, []string{"--validation", "1"}, []string{"--validation", "1"}},
		{[]string{"train"}, []string{"--validation", "NaN"}, []string{"--validation", "NaN"}},
		{[]string{"train"}, []string{"--solver", "nope"}, []string{"--solver", "nope", "adam"}},
		{[]string{"train"}, []string{"--schedule", "nope"}, []string{"schedule", "nope", "cosine"}},
		{[]string{"train"}, []string{"--seed", "-1"}, []string{"--seed", "-1"}},
		{[]string{"train"}, []string{"--threads", "-1"}, []string{"threads", "-1"}},
		{[]string{"train"}, []string{"--threads", "100000"}, []string{"threads", "100000"}},
		{[]string{"train"}, []string{"--blas", "nope"}, []string{"--blas", "nope", "gonum"}},
		{[]string{"train"}, []string{"--out="}, []string{"--out"}},
		{[]string{"train"}, []string{"--json=maybe"}, []string{"--json", "maybe"}},
		{[]string{"retrain"}, []string{"--from", from, "--train", "nope"}, []string{`"nope"`, "conv1, conv2, fc1, fc2"}},
		{[]string{"retrain"}, []string{"--from", from, "--train", "fc["}, []string{`"fc["`}},
		{[]string{"retrain"}, []string{"--from", from, "--train", "conv1"}, []string{"fc2", "--train", "--keep-head"}},
		{[]string{"retrain"}, []string{"--from", from, "--last", "9"}, []string{"last 9", "1 to 4"}},
		{[]string{"retrain"}, []string{"--from", from, "--last", "0"}, []string{"last 0"}},
		{[]string{"retrain"}, []string{"--from", from, "--last", "1", "--train", "fc2"}, []string{"last", "train"}},
		{[]string{"retrain"}, []string{"--from", from, "--keep-head", "--classes", "5-7"}, []string{"--keep-head", "2 classes", "3"}},
		{[]string{"retrain"}, []string{"--from="}, []string{"--from"}},
	} {
		t.Chdir(t.TempDir()) // every file that is made anyway is found
		args := test.args
		if test.more != nil {
			args = slices.Concat(args, small, test.more)
		}
		r := mnist(t, args...)
		r.refused(t, exitUsage, test.say...)
		if r.out != "" {
			t.Errorf("%s: found %q on standard output", r.args, r.out)
		}
		if found := files(t, "."); found != "" {
			t.Errorf("%s: left the files %s", r.args, found)
		}
	}
}

// TestMissing names files and folders that are not there: the command line is
// well-formed, so that the status is 1.
func TestMissing(t *testing.T) {
	from := pretrained()
	for _, test := range []struct {
		args []string
		say  string
	}{
		{withSmall("train", "--data", "no-folder"), `"no-folder"`},
		{withSmall("train", "--data", from), from},
		{withSmall("train", "--data", "."), "."},
		{withSmall("retrain", "--from", "none.safetensors"), "none.safetensors"},
		{withSmall("retrain", "--from", "."), "folder"},
		{withSmall("retrain", "--from", "/dev/null"), "/dev/null"},
		{[]string{"eval", "--model", "none.safetensors", "--data", "sample"}, "none.safetensors"},
		{[]string{"predict", "--model", "none.safetensors", "seven.png"}, "none.safetensors"},
		{[]string{"predict", "--model", from, "none.png"}, "none.png"},
		{[]string{"predict", "--model", from, "."}, "."},
		{[]string{"convert", "none.npz", "out.safetensors"}, "none.npz"},
		{[]string{"serve", "--model", "none.safetensors"}, "none.safetensors"},
		{[]string{"serve", "--model", from, "--listen", "192.0.2.1:0"}, "--listen"},
		{[]string{"demo", "--data", "no-folder"}, "no-folder"},
	} {
		t.Chdir(t.TempDir())
		r := mnist(t, append(test.args, "--quiet", "--json")...)
		r.refused(t, exitFailed, test.say)
		if found := files(t, "."); found != "" || r.out != "" {
			t.Errorf("%s: left the files %s and %q on standard output", r.args, found, r.out)
		}
	}
}
