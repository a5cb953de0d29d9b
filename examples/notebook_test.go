// Package examples_test holds retrain.ipynb to what it shows: its cells are
// turned into a program, compiled as the interpreter's Go, and run.
package examples_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "store the program's outputs in the notebook")

const (
	file      = "retrain.ipynb"
	module    = "github.com/lastlayer/lastlayer"
	tolerance = 0.05 // of losses and accuracies: processors round differently
)

// notebook is a file of nbformat 4, with only what ours uses.
type notebook struct {
	Cells    []*cell         `json:"cells"`
	Metadata json.RawMessage `json:"metadata"`
	Format   int             `json:"nbformat"`
	Minor    int             `json:"nbformat_minor"`
}

type cell struct {
	Type     string          `json:"cell_type"`
	Count    *int            `json:"execution_count,omitempty"` // of code
	Metadata json.RawMessage `json:"metadata"`
	Outputs  *[]output       `json:"outputs,omitempty"` // of code
	Source   []string        `json:"source"`
}

func (c *cell) source() string { return strings.Join(c.Source, "") }

type output struct {
	Count    *int            `json:"execution_count,omitempty"`
	Data     *data           `json:"data,omitempty"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
	Name     string          `json:"name,omitempty"`
	Type     string          `json:"output_type"` // "stream" or "execute_result"
	Text     []string        `json:"text,omitempty"`
}

type data struct {
	PNG  string   `json:"image/png"` // base64
	Text []string `json:"text/plain"`
}

func read(t *testing.T) *notebook {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	nb := &notebook{}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(nb); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return nb
}

// code returns the cells of code.
func (nb *notebook) code() []*cell {
	var code []*cell
	for _, c := range nb.Cells {
		if c.Type == "code" {
			code = append(code, c)
		}
	}
	return code
}

// TestForm checks what the kernel asks of the notebook, beyond what the
// compiler sees.
func TestForm(t *testing.T) {
	nb := read(t)
	if nb.Format != 4 {
		t.Errorf("nbformat: found %d, expected 4", nb.Format)
	}
	var metadata struct {
		Kernel struct{ Name string } `json:"kernelspec"`
	}
	if err := json.Unmarshal(nb.Metadata, &metadata); err != nil || metadata.Kernel.Name != "gophernotes" {
		t.Errorf("kernel: found %q (%v), expected gophernotes", metadata.Kernel.Name, err)
	}
	for i, c := range nb.code() {
		if c.Count == nil || *c.Count != i+1 || c.Outputs == nil {
			t.Errorf("code cell %d: found count %v and outputs %v, expected %d and a list", i+1, c.Count, c.Outputs, i+1)
		}
		if isImport := regexp.MustCompile(`(?m)^import\b`).MatchString(c.source()); isImport != (i == 0) {
			t.Errorf("code cell %d imports: %v, expected one import cell, the first", i+1, isImport)
		}
		lines := strings.Split(c.source(), "\n")
		for j, line := range lines {
			if strings.HasPrefix(line, "%") || strings.HasPrefix(line, "$") {
				t.Errorf("code cell %d: %q is a command of the kernel, not Go", i+1, line)
			}
			if strings.Contains(line, "display.") && j != len(lines)-1 {
				t.Errorf("code cell %d: %q shows nothing, since it is not the last line", i+1, line)
			}
			if strings.Contains(line, "errors.As(") {
				t.Errorf("code cell %d: %q fails in the interpreter", i+1, line)
			}
		}
		last := lines[len(lines)-1]
		if strings.HasPrefix(last, "fmt.Print") {
			t.Errorf("code cell %d: the kernel shows what the last line returns: %q", i+1, last)
		}
	}
}

// shim stands for what the interpreter brings along. Outputs are told apart by
// lines that begin with a zero byte.
const shim = `
type shim struct{}

var display shim

func (shim) PNG(b []byte) { shimfmt.Printf("\x00png %s\n", shimbase64.StdEncoding.EncodeToString(b)) }
`

// program returns the notebook as a Go program: imports at the top and
// absolute, cells of declarations at package level, all others one after the
// other in main.
func program(t *testing.T, code []*cell) string {
	t.Helper()
	imports := regexp.MustCompile(`"\.\./([^"]+)"`).ReplaceAllString(code[0].source(), `"`+module+`/$1"`)
	f, err := parser.ParseFile(token.NewFileSet(), file, "package main\n"+imports, parser.ImportsOnly)
	if err != nil {
		t.Fatalf("the import cell: %v", err)
	}
	if strings.Contains(code[0].source(), module) {
		t.Errorf("the import cell names %s, expected relative paths: by them the kernel finds go.mod", module)
	}
	for _, spec := range f.Imports {
		name, _ := strconv.Unquote(spec.Path.Value)
		if first, _, _ := strings.Cut(name, "/"); strings.Contains(first, ".") && !strings.HasPrefix(name, module+"/") {
			t.Errorf("import %q: expected the standard library, or our packages by a relative path", name)
		}
	}
	var declarations, main strings.Builder
	for i, c := range code[1:] {
		fmt.Fprintf(&main, "\n\tshimfmt.Print(\"\\x00cell %d\\n\")\n", i+1)
		if _, err := parser.ParseFile(token.NewFileSet(), file, "package main\n"+c.source(), 0); err == nil {
			declarations.WriteString("\n" + c.source() + "\n")
		} else {
			main.WriteString(c.source() + "\n")
		}
	}
	return "package main\n\nimport shimbase64 \"encoding/base64\"\nimport shimfmt \"fmt\"\n\n" + imports + "\n" + shim + declarations.String() + "\nfunc main() {" + main.String() + "}\n"
}

// run compiles the program, as Go 1.17 and as a part of this module, and
// returns the outputs of each cell. The module's folders stay as they are: the
// compiler is told that the file is there.
func run(t *testing.T, code []*cell) [][]output {
	t.Helper()
	dir := t.TempDir()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	source, overlay, binary := filepath.Join(dir, "main.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "notebook.exe")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, "program", "main.go"): source}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{source: []byte(program(t, code)), overlay: replace} {
		if err := os.WriteFile(name, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-overlay", overlay, "-gcflags=-lang=go1.17", "-o", binary, "./program")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("compile the notebook: %v\n%s", err, out)
	}
	cmd := exec.Command(binary)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run the notebook: %v\n%s\n%s", err, regexp.MustCompile("\x00png .*").ReplaceAll(out, []byte("(a picture)")), stderr.Bytes())
	}
	return outputs(t, len(code), string(out))
}

// outputs parts what the program printed into the outputs of each cell.
func outputs(t *testing.T, cells int, printed string) [][]output {
	t.Helper()
	of := make([][]output, cells)
	current := 0
	for _, part := range strings.Split(printed, "\x00")[1:] {
		head, text, _ := strings.Cut(part, "\n")
		if picture, ok := strings.CutPrefix(head, "png "); ok {
			count, size := current+1, bounds(t, picture)
			of[current] = append(of[current], output{Count: &count, Data: &data{picture, []string{fmt.Sprintf("picture of %d×%d pixels", size.X, size.Y)}}, Metadata: json.RawMessage("{}"), Type: "execute_result"})
		} else if _, err := fmt.Sscanf(head, "cell %d", &current); err != nil {
			t.Fatalf("what the program printed: found %q, expected a cell's number or a picture", head)
		}
		if text != "" {
			of[current] = append(of[current], output{Name: "stdout", Type: "stream", Text: strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")})
			lines := of[current][len(of[current])-1].Text
			lines[len(lines)-1] += "\n"
		}
	}
	return of
}

// bounds returns the size of a PNG file in base64.
func bounds(t *testing.T, picture string) image.Point {
	t.Helper()
	content, err := base64.StdEncoding.DecodeString(picture)
	if err != nil {
		t.Fatal(err)
	}
	config, err := png.DecodeConfig(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return image.Pt(config.Width, config.Height)
}

// TestOutputs runs the notebook as a program and compares what it shows with
// what is stored. With -update it stores it.
func TestOutputs(t *testing.T) {
	nb := read(t)
	code := nb.code()
	found := run(t, code)
	if *update {
		for i, c := range code {
			count := i + 1
			c.Count, c.Outputs = &count, &found[i]
			if found[i] == nil {
				c.Outputs = &[]output{}
			}
		}
		write(t, nb)
		return
	}
	for i, c := range code {
		stored := *c.Outputs
		if len(stored) != len(found[i]) {
			t.Errorf("code cell %d: found %d outputs, expected the %d stored; go test ./examples -update stores them anew", i+1, len(found[i]), len(stored))
			continue
		}
		for j, want := range stored {
			got := found[i][j]
			switch {
			case got.Type != want.Type:
				t.Errorf("code cell %d, output %d: found %s, expected %s", i+1, j+1, got.Type, want.Type)
			case want.Data != nil:
				if g, w := bounds(t, got.Data.PNG), bounds(t, want.Data.PNG); g != w {
					t.Errorf("code cell %d: found a picture of %v pixels, expected %v", i+1, g, w)
				}
			default:
				if err := same(want.Text, got.Text); err != nil {
					t.Errorf("code cell %d: %v", i+1, err)
				}
			}
		}
	}
}

func write(t *testing.T, nb *notebook) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(nb); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
}

var (
	// A trained weight's hash after the training depends on how the processor
	// rounds; it must differ from the one before.
	trained = regexp.MustCompile(`^(\S+ +trained +before ([0-9a-f]{8}), after )([0-9a-f]{8})$`)
	// An answer that was in doubt may go either way.
	answer = regexp.MustCompile(`^(a \S+ is taken for a )\S+ with probability [01]\.[0-9]+$`)
)

// same returns an error unless two outputs say the same: word for word, decimals
// within the tolerance.
func same(want, got []string) error {
	if len(want) != len(got) {
		return fmt.Errorf("found %d lines, expected %d", len(got), len(want))
	}
	for i := range want {
		w, g := strings.TrimSuffix(want[i], "\n"), strings.TrimSuffix(got[i], "\n")
		if m := trained.FindStringSubmatch(g); m != nil {
			if m[2] == m[3] {
				return fmt.Errorf("found %q, expected a weight that moved", g)
			}
			w, g = trained.ReplaceAllString(w, "$1"), m[1]
		}
		w, g = answer.ReplaceAllString(w, "$1"), answer.ReplaceAllString(g, "$1")
		if !sameWords(strings.Fields(w), strings.Fields(g)) {
			return fmt.Errorf("found %q, expected %q", got[i], want[i])
		}
	}
	return nil
}

func sameWords(want, got []string) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] == got[i] {
			continue
		}
		w, errW := strconv.ParseFloat(strings.TrimSuffix(want[i], ","), 64)
		g, errG := strconv.ParseFloat(strings.TrimSuffix(got[i], ","), 64)
		if errW != nil || errG != nil || !strings.Contains(want[i], ".") || !(math.Abs(w-g) <= tolerance) {
			return false
		}
	}
	return true
}

// TestSame makes sure that the comparison sees what it should.
func TestSame(t *testing.T) {
	for _, c := range []struct {
		reason, want, got string
		same              bool
	}{
		{"a word", "frozen: [conv1/W]", "frozen: [conv2/W]", false},
		{"a whole number", "50 images", "51 images", false},
		{"rounding", "accuracy 0.976, loss 0.072", "accuracy 0.968, loss 0.080", true},
		{"another accuracy", "accuracy 0.976, loss 0.072", "accuracy 0.900, loss 0.072", false},
		{"not a number", "loss 0.072", "loss NaN", false},
		{"a frozen weight that moved", "conv1/W  frozen   before 5432274f, after 5432274f", "conv1/W  frozen   before 5432274f, after 5432274e", false},
		{"a trained weight, rounded", "fc2/b    trained  before 4961bda8, after 0bd93f5f", "fc2/b    trained  before 4961bda8, after 0bd93f5e", true},
		{"a trained weight that did not move", "fc2/b    trained  before 4961bda8, after 0bd93f5f", "fc2/b    trained  before 4961bda8, after 4961bda8", false},
		{"another beginning", "fc2/b    trained  before 4961bda8, after 0bd93f5f", "fc2/b    trained  before 4961bda9, after 0bd93f5f", false},
		{"a doubtful answer", "a 8 is taken for a 7 with probability 0.86", "a 8 is taken for a 8 with probability 0.51", true},
		{"another digit", "a 8 is taken for a 7 with probability 0.86", "a 9 is taken for a 7 with probability 0.86", false},
	} {
		if err := same([]string{c.want}, []string{c.got}); (err == nil) != c.same {
			t.Errorf("%s: found %v, expected same: %v", c.reason, err, c.same)
		}
	}
}
