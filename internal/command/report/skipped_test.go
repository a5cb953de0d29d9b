package report_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/pkg/errors"
)

// TestSkipped lists the files that were left out, as text.
func TestSkipped(t *testing.T) {
	folder := t.TempDir()
	g, err := report.Gather(report.Options{Folder: folder, Title: "test", Written: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	g.Skipped(&dataset.BadFiles{Paths: []string{"a/<b>.jpg"}, Errors: []error{errors.New("a/<b>.jpg: is empty")}})
	if err := g.Write(struct{}{}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(folder, report.Page))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "1 files that cannot be read") || !strings.Contains(string(page), "a/&lt;b&gt;.jpg: is empty") {
		t.Errorf("found %s, expected the file that was left out", page)
	}
}
