package report_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/lastlayer/lastlayer/internal/command/report"
)

func names(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// TestFolderIsKept writes into a folder with other files, and again with less
// to tell.
func TestFolderIsKept(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"notes.txt", "loss.png"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("mine"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	evaluation := full(t, 3, 0)
	evaluation.Training, evaluation.Kernels = false, nil
	if err := evaluation.Write(folder); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(filepath.Join(folder, "loss.png")); string(content) != "mine" {
		t.Errorf("a picture that no report had made is gone: %v", err)
	}
	if err := full(t, 3, 2).Write(folder); err != nil {
		t.Fatal(err)
	}
	if found := names(t, folder); len(found) != len(report.Names())+1 {
		t.Errorf("found %v, expected %v and notes.txt", found, report.Names())
	}
	if err := evaluation.Write(folder); err != nil {
		t.Fatal(err)
	}
	want := []string{"confusion.png", "confusion.svg", report.Page, report.Metrics, "mistakes.png", "mistakes.svg", "notes.txt"}
	if found := names(t, folder); !slices.Equal(found, want) {
		t.Errorf("found %v, expected %v: the pictures of the former report are to go", found, want)
	}
}

// TestFailedReport has a folder in the place of the page, which comes last.
func TestFailedReport(t *testing.T) {
	folder := t.TempDir()
	if err := os.MkdirAll(filepath.Join(folder, report.Page, "mine"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "loss.png"), []byte("an older one"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := full(t, 3, 2).Write(folder); err == nil {
		t.Fatal("a report without its page is no error")
	}
	if found := names(t, folder); !slices.Equal(found, []string{report.Page, "loss.png"}) {
		t.Errorf("a report that failed left %v", found)
	}
}
