package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/command"
)

// TestVersions: only the program itself knows what it was built with.
func TestVersions(t *testing.T) {
	folder := t.TempDir()
	args := []string{"train", "--quiet", "--data", "sample", "--classes", "0-1", "--limit", "40", "--epochs", "1",
		"--report", folder, "--out", filepath.Join(folder, "out.safetensors")}
	if status := command.Run(command.MNIST, args, io.Discard, os.Stderr); status != 0 {
		t.Fatalf("found exit status %d, expected 0", status)
	}
	page, err := os.ReadFile(filepath.Join(folder, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Gorgonia", "v0.9.18"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
}
