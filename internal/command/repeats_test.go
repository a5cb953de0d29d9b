package command

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

// TestRepeats compares runs together with the same runs one by one.
func TestRepeats(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	for _, solver := range [][]string{{"--epochs", "5"}, {"--solver", "lbfgs", "--weight-decay", "0.01"}} {
		args := append([]string{"retrain", "--from", pretrained(), "--data", "sample", "--classes", "5-9", "--limit", "50", "--json", "--quiet"}, solver...)
		r := ok(t, append(args, "--repeats", "3", "--seed", "4", "--out", "all")...)
		done := r.last(t)
		doneKinds.check(t, done)
		kinds{"accuracy_mean": number, "accuracy_stdev": number, "accuracy_min": number, "accuracy_max": number}.check(t, done)
		told := 0
		for _, line := range r.objects(t) {
			if line["run"] != nil {
				kinds{"run": count, "seed": count, "accuracy": number, "correct": count, "examples": count, "loss": number}.check(t, line)
				told++
			}
		}
		runs := done["runs"].([]any)
		if len(runs) != 3 || told != 3 || runs[0].(map[string]any)["accuracy"] != done["accuracy"] {
			t.Fatalf("%v: found %d lines and %v", solver, told, done)
		}
		var accuracies []float64
		for i, run := range runs {
			run := run.(map[string]any)
			seed := strconv.Itoa(4 + i)
			alone := ok(t, append(args, "--seed", seed, "--out", seed)...).last(t)
			if run["seed"] != float64(4+i) || run["correct"] != alone["correct"] || run["loss"] != alone["loss"] {
				t.Errorf("%v: run %v is not %v", solver, run, alone)
			}
			accuracies = append(accuracies, alone["accuracy"].(float64))
			if alone["runs"] != nil {
				t.Errorf("found runs in %v", alone)
			}
		}
		if string(readFile(t, "all")) != string(readFile(t, "4")) {
			t.Errorf("%v: found another network than that of the first run", solver)
		}
		a, b, c := accuracies[0], accuracies[1], accuracies[2]
		mean := (a + b + c) / 3
		deviation := math.Sqrt(((a-mean)*(a-mean) + (b-mean)*(b-mean) + (c-mean)*(c-mean)) / 2)
		if math.Abs(done["accuracy_mean"].(float64)-mean) > 1e-12 || math.Abs(done["accuracy_stdev"].(float64)-deviation) > 1e-12 ||
			done["accuracy_min"] != min(a, b, c) || done["accuracy_max"] != max(a, b, c) || deviation == 0 {
			t.Errorf("%v: found %v, expected mean %v and deviation %v", solver, done, mean, deviation)
		}
	}
	text := ok(t, withSmall("retrain", "--from", pretrained(), "--repeats", "2", "--out", "text", "--quiet")...)
	if !strings.Contains(text.out, "run 2, seed 2: ") || !strings.Contains(text.out, "2 runs: test accuracy ") || !strings.Contains(text.out, " ± ") {
		t.Errorf("found %q", text.out)
	}
}

func TestRepeatsUsage(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, flags := range [][]string{{"--repeats", "0"}, {"--checkpoint", "c", "--repeats", "2"}, {"--report", "r", "--repeats", "2"}, {"--every", "5steps", "--repeats", "2"}} {
		mnist(t, withSmall("retrain", append([]string{"--from", pretrained()}, flags...)...)...).refused(t, exitUsage, flags[0], "--repeats")
	}
	if found := files(t, "."); found != "" {
		t.Errorf("left the files %s", found)
	}
}
