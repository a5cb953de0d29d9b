package command

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/command/report"
)

var cells = regexp.MustCompile(`<td class="h\d+">(\d+)</td>`)

// confused returns the sum of the counts in a page's confusion matrix.
func confused(t *testing.T, page string) int {
	t.Helper()
	total := 0
	for _, m := range cells.FindAllStringSubmatch(page, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		total += n
	}
	return total
}

func wantInPage(t *testing.T, r ran, folder string, words ...string) string {
	t.Helper()
	page := string(readFile(t, filepath.Join(folder, report.Page)))
	for _, word := range words {
		if !strings.Contains(page, word) {
			t.Errorf("%s: the page does not say %q", r.args, word)
		}
	}
	return page
}

// TestReport lets each of the three commands write one.
func TestReport(t *testing.T) {
	from := pretrained()
	t.Chdir(t.TempDir())
	page := "<b>it's & here"
	r := ok(t, withSmall("train", "--json", "--validation", "0.5", "--report", page, "--out", "a.safetensors")...)
	if line := r.last(t); line["report"] != filepath.Join(page, report.Page) {
		t.Errorf("%s: found the report %v in the last line", r.args, line["report"])
	}
	if got := string(readFile(t, filepath.Join(page, report.Metrics))); got != r.out {
		t.Errorf("%s: found the figures\n%s, expected what --json prints\n%s", r.args, got, r.out)
	}
	html := wantInPage(t, r, page, "--report &#39;&lt;b&gt;it&#39;&#34;&#39;&#34;&#39;s &amp; here&#39; --out a.safetensors", "conv1/W was trained", "validation", "go-", "sample, 20 images of 2 classes")
	if n := confused(t, html); n != 100 || strings.Contains(html, "<b>it") {
		t.Errorf("%s: found %d images in the confusion matrix, expected 100, or the folder's name as HTML", r.args, n)
	}
	if found := strings.Fields(files(t, page)); len(found) < len(report.Names())-2 { // none of the pictures of mistakes, perhaps
		t.Errorf("%s: found the files %v", r.args, found)
	}

	r = ok(t, withSmall("retrain", "--json", "--from", from, "--report", "retrained", "--out", "b.safetensors")...)
	html = wantInPage(t, r, "retrained", "Bit-identical", "frozen (constant), computed once", "trained (variable)", "the last layer")
	if n := confused(t, html); n != 100 {
		t.Errorf("%s: found %d images in the confusion matrix, expected 100", r.args, n)
	}

	r = ok(t, "eval", "--model", from, "--data", "sample", "--json", "--report", "measured/here")
	html = wantInPage(t, r, "measured/here", "<title>mnist eval: report</title>", "Precision", from, "left out", "400", "Test images that the network was trained on")
	line := r.last(t)
	if line["report"] != filepath.Join("measured", "here", report.Page) || strings.Contains(html, `id="curves"`) {
		t.Errorf("%s: found %v, or curves of a training", r.args, line)
	}
	said := fmt.Sprintf("(%v of %v)", line["correct"], line["examples"])
	if mistakes := int(line["examples"].(float64) - line["correct"].(float64)); !strings.Contains(html, said) || mistakes > 0 && !strings.Contains(html, fmt.Sprintf("of %d mistake", mistakes)) {
		t.Errorf("%s: the page does not say %s and %d mistakes", r.args, said, mistakes)
	}
}

// TestReportChangesNothing trains with and without one to the same bytes.
func TestReportChangesNothing(t *testing.T) {
	slow(t)
	t.Chdir(t.TempDir())
	plain := ok(t, withSmall("train", "--json", "--out", "a.safetensors")...)
	ok(t, withSmall("train", "--json", "--out", "b.safetensors", "--report", "r")...)
	if string(readFile(t, "a.safetensors")) != string(readFile(t, "b.safetensors")) || strings.Contains(plain.out, "report") {
		t.Error("the network is another one, or a report is named where there is none")
	}
}

// TestReportNamesClasses trains on folders whose names are HTML.
func TestReportNamesClasses(t *testing.T) {
	t.Chdir(t.TempDir())
	images, labels := digits(t, 20)
	classes := map[string]string{"0": "<script>", "1": "a&b"}
	for i, image := range images {
		name := filepath.Join("data", classes[labels[i]], fmt.Sprintf("%d.png", i))
		writeFile(t, name, encoded(t, onPaper(image, 1, 0, black, white), ".png"))
	}
	r := ok(t, "train", "--data", "data", "--epochs", "1", "--batch", "8", "--report", "r")
	html := wantInPage(t, r, "r", "&lt;script&gt;", "a&amp;b")
	if strings.Contains(html, "<script") {
		t.Errorf("%s: found a script in the page", r.args)
	}
}

// TestBadReport names folders that cannot be written into: that must be told
// before the training.
func TestBadReport(t *testing.T) {
	t.Chdir(t.TempDir())
	writeFile(t, "file", []byte("something"))
	if err := os.MkdirAll("taken/"+report.Page, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"file", "file/under", "/dev/null/r", "/proc/r", "taken"} {
		for _, args := range [][]string{withSmall("train"), withSmall("retrain", "--from", pretrained()), {"eval", "--model", pretrained(), "--data", "sample"}} {
			r := mnist(t, append(args, "--report", folder)...)
			r.refused(t, exitFailed, "--report", folder)
			if r.out != "" {
				t.Errorf("%s: found %q on standard output, expected no work", r.args, r.out)
			}
		}
	}
	mnist(t, withSmall("train", "--report=")...).refused(t, exitUsage, "--report")
	mnist(t, withSmall("train", "--report", "new", "--epochs", "0")...).refused(t, exitUsage, "--epochs")
	if found := files(t, "."); found != "file taken" {
		t.Errorf("found the files %s", found)
	}
}
