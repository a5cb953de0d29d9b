package command

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/reference"
	"github.com/lastlayer/lastlayer/train"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// TestStockBoundary shows what Gorgonia's own operators do when the gradient
// names the FC weights alone. Run it with -v to see.
func TestStockBoundary(t *testing.T) { tell(t, stockBoundary(t)) }

// TestDecayMovesFrozen shows what a solver does to weights that it should not
// have seen. Run it with -v to see.
func TestDecayMovesFrozen(t *testing.T) { tell(t, decayMovesFrozen(t)) }

func tell(t *testing.T, text string) {
	t.Helper()
	if testing.Verbose() {
		fmt.Print(text)
	}
}

// stockBoundary counts, in the seed network of Gorgonia's own operators, the
// products that run backwards into fc1's input, 4 images of 3136 numbers.
func stockBoundary(t *testing.T) string {
	t.Helper()
	spec, err := model.DeepMNIST().WithClasses(5)
	if err != nil {
		t.Fatal(err)
	}
	w, err := model.Init(spec, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	stock, err := reference.Build(spec, w, 4, tensor.Float32)
	if err != nil {
		t.Fatal(err)
	}
	if err := stock.Grad("fc1/W", "fc1/b", "fc2/W", "fc2/b"); err != nil {
		t.Fatal(err)
	}
	inStock := 0
	for _, n := range stock.Graph().AllNodes() {
		if n.Op() != nil && n.Op().String() == "A × Bᵀ" && n.Shape().Eq(tensor.Shape{4, 3136}) {
			inStock++
		}
	}
	net, err := model.Build(smallnet.Of(spec, w), model.Last(2), model.Batch(4))
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := train.New(net, train.NewSGD(0.1), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	inOurs := 0
	for _, o := range trainer.Plan().Operators {
		if o.Node == "fc1 dx" {
			inOurs++
		}
	}
	return fmt.Sprintf("products towards the input of fc1, below which all is frozen:\n  Gorgonia's operators: %d, of %d multiply-adds an image\n  lastlayer's:          %d\n", inStock, 1024*3136, inOurs)
}

// decayMovesFrozen gives a solver a parameter whose gradient is zero after the
// first step, as if it had just been frozen.
func decayMovesFrozen(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	fmt.Fprintln(&text, "a weight of 1 after two further steps with a gradient of 0:")
	for _, test := range []struct {
		name     string
		solver   *train.Solver
		gradient float32 // of the step before it was frozen
	}{
		{"plain gradient descent", train.NewSGD(0.1), 0},
		{"with weight decay", &train.Solver{Rule: train.SGD{}, LearningRate: 0.1, WeightDecay: 0.01}, 0},
		{"with momentum", train.NewMomentum(0.1, 0.9), 1},
	} {
		p := &frozenParameter{tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{1})), tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{test.gradient}))}
		step := func() {
			if err := test.solver.Step([]gorgonia.ValueGrad{p}); err != nil {
				t.Fatal(err)
			}
		}
		if test.gradient != 0 {
			step()
			p.w.Float32s()[0], p.g.Float32s()[0] = 1, 0
		}
		step()
		step()
		fmt.Fprintf(&text, "  %-24s %.4f\n", test.name, p.w.Float32s()[0])
	}
	return text.String()
}

type frozenParameter struct{ w, g *tensor.Dense }

func (p *frozenParameter) Name() string                  { return "conv1/W" }
func (p *frozenParameter) Value() gorgonia.Value         { return p.w }
func (p *frozenParameter) Grad() (gorgonia.Value, error) { return p.g, nil }

// measured is what differs from run to run or from machine to machine: times,
// and losses in their last digits. Whole numbers are structure.
var measured = regexp.MustCompile(`-?\d+\.\d+(e[-+]?\d+)?|\b\d+e[-+]?\d+|\d+ images/s|\d+ of \d+\)|\(go-?\w*\)|by go\S*`)

// costRow is a row of the cost table: of its decimals the time alone, the last
// column, was measured; the megabytes are counted.
var costRow = regexp.MustCompile(`^((?:whole|last)\b.*\d+\+\d+ +\d+ +\d+\.\d) +\d+\.\d+$`)

// traceRow is a row of the trace: its norms may come out as whole numbers.
var traceRow = regexp.MustCompile(`^(\S.* \[[\d ]*\]) +\d+\.\d{3} +\S+( +\S+)?$`)

// structure returns of a printed line what must be the same in every run.
func structure(line string) string {
	line = strings.TrimRight(line, " ")
	if m := costRow.FindStringSubmatch(line); m != nil {
		line = m[1] + " ms"
	} else if m := traceRow.FindStringSubmatch(line); m != nil {
		line = m[1] + " ms norm"
		if m[2] != "" {
			line += " gradient"
		}
	} else {
		line = measured.ReplaceAllString(line, "#")
	}
	return strings.Join(strings.Fields(line), " ")
}

var (
	block   = regexp.MustCompile("(?s)```console\n\\$ (.*?)\n(.*?)```")
	ratio   = regexp.MustCompile(`([\d,]+) / ([\d,]+) = ([\d,.]+)`)
	counted = regexp.MustCompile(`\b\d+\b`)
)

// TestAnswer runs the commands of docs/answer.md and fails where the page shows
// a line that they do not print, times and the like apart, or reckons wrongly
// with what they print.
func TestAnswer(t *testing.T) {
	slow(t)
	page := string(readFile(t, filepath.Join(repository, "docs", "answer.md")))
	tests := map[string]func(*testing.T) string{"TestStockBoundary": stockBoundary, "TestDecayMovesFrozen": decayMovesFrozen}
	t.Chdir(t.TempDir())
	var all strings.Builder
	blocks := block.FindAllStringSubmatch(page, -1)
	if len(blocks) < 5 || len(blocks) != strings.Count(page, "```console") {
		t.Fatalf("docs/answer.md: found %d blocks that begin with a command, of %d", len(blocks), strings.Count(page, "```console"))
	}
	for _, b := range blocks {
		command, shown := b[1], b[2]
		printed := answerCommand(t, command, tests)
		all.WriteString(printed)
		wantShown(t, command, shown, printed)
		if strings.HasPrefix(command, "go test") && !strings.Contains(shown, printed) {
			t.Errorf("docs/answer.md, %s: shows\n%s\nexpected\n%s", command, shown, printed)
		}
	}
	numbers := counted.FindAllString(all.String(), -1)
	value := func(s string) float64 {
		plain := strings.ReplaceAll(s, ",", "")
		if !slices.Contains(numbers, plain) {
			t.Errorf("docs/answer.md: reckons with %s, which no command prints", s)
		}
		v, err := strconv.ParseFloat(plain, 64)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	ratios := ratio.FindAllStringSubmatch(page, -1)
	if len(ratios) == 0 {
		t.Error("docs/answer.md: found no quotient of two counts")
	}
	for _, r := range ratios {
		result := strings.TrimRight(r[3], ".,")
		decimals := len(result) - strings.IndexByte(result+".", '.') - 1
		if got := fmt.Sprintf("%.*f", max(decimals, 0), value(r[1])/value(r[2])); got != strings.ReplaceAll(result, ",", "") {
			t.Errorf("docs/answer.md: %s / %s is %s, not %s", r[1], r[2], got, result)
		}
	}
}

// answerCommand runs one command of the page and returns what it prints.
func answerCommand(t *testing.T, command string, tests map[string]func(*testing.T) string) string {
	t.Helper()
	args, isMnist := strings.CutPrefix(command, "go run ./cmd/mnist ")
	if !isMnist {
		name, isTest := strings.CutPrefix(command, "go test ./internal/command -v -run ")
		if !isTest || tests[name] == nil {
			t.Fatalf("docs/answer.md: the command %q is not one that this test can run", command)
		}
		return tests[name](t)
	}
	fields := strings.Fields(strings.ReplaceAll(args, "'", ""))
	if fields[0] == "explain" {
		fields = append(fields, "--steps", "1") // times are not compared
	}
	var out bytes.Buffer // both streams, as on a terminal
	if status := Run(MNIST, fields, &out, &out); status != exitDone && !strings.Contains(out.String(), "mnist: pattern") {
		t.Fatalf("%s: exit status %d: %s", command, status, out.String())
	}
	return out.String()
}

// wantShown fails unless the lines shown are among those printed, in their
// order. A line of three dots stands for any number of lines.
func wantShown(t *testing.T, command, shown, printed string) {
	t.Helper()
	lines := strings.Split(printed, "\n")
	i, skip := 0, true
	for _, line := range strings.Split(strings.TrimSpace(shown), "\n") {
		if strings.TrimSpace(line) == "..." {
			skip = true
			continue
		}
		want := structure(line)
		start := i
		for skip && i < len(lines) && structure(lines[i]) != want {
			i++
		}
		if i == len(lines) || structure(lines[i]) != want {
			next := "the end"
			if start < len(lines) {
				next = lines[start]
			}
			t.Fatalf("docs/answer.md, %s: shows %q, which is not printed; next is %q", command, line, next)
		}
		i, skip = i+1, false
	}
}

// TestStructure keeps the comparison of the page honest: what it must see, and
// what it must not.
func TestStructure(t *testing.T) {
	for _, test := range []struct {
		a, b string
		same bool
	}{
		{"last layer      4    17+6    13883904   19.8     36.70", "last layer      4    17+6    13883904   19.8     1.70", true},
		{"last layer      4    17+6    13883904   19.8     36.70", "last layer      4    17+6    13883904   19.9     36.70", false},
		{"last layer      4    17+6    13883904   19.8     36.70", "last layer      4    17+6    13883905   19.8     36.70", false},
		{"last layer      4    17+6    13883904   19.8     36.70", "last layer      4    17+7    13883904   19.8     36.70", false},
		{"last layer      4    17+6    13883904   19.8     36.70", "last layer      5    17+6    13883904   19.8     36.70", false},
		{"whole, all but last 2 put back   14   17+25   41009152   156.6   48.90", "whole, all but last 2 put back   14   17+25   41009152   156.7   48.90", false},
		{"last layer          0   bit-identical", "last layer      1e-09   bit-identical", false},
		{"last layer          0   bit-identical", "last layer      0.001   bit-identical", false},
		{"last layer          0   bit-identical", "last layer   0   CHANGED, and should not have", false},
		{"conv1   conv+relu+pool   [64 32 14 14]   2.474   299", "conv1   conv+relu+pool   [64 32 14 14]   9.001   299.1", true},
		{"fc2     dense   [64 5]   2.474   299   0.1", "fc2     dense   [64 5]   9.001   299.1", false},
	} {
		if same := structure(test.a) == structure(test.b); same != test.same {
			t.Errorf("%q and %q: found the same: %v, expected %v", structure(test.a), structure(test.b), same, test.same)
		}
	}
}
