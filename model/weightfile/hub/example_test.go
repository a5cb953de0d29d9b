package hub_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/lastlayer/lastlayer/model/weightfile/hub"
)

// A reference names a repository, and what of it is wanted.
func ExampleParse() {
	for _, text := range []string{"hf:timm/resnet18.a1_in1k", "hf:timm/resnet18.a1_in1k@main/model.safetensors", "hf:timm"} {
		ref, err := hub.Parse(text)
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Printf("%s/%s at %s, file %q\n", ref.Owner, ref.Repo, ref.Revision, ref.File)
	}
	// Output:
	// timm/resnet18.a1_in1k at main, file ""
	// timm/resnet18.a1_in1k at main, file "model.safetensors"
	// "hf:timm": found no owner, expected hf:OWNER/REPO[@REVISION][/FILE], as hf:timm/resnet18.a1_in1k: bad hub reference
}

// A file is downloaded once, from a server of one's own here; then the cache has it.
func ExampleFetch() {
	const content = `{"architecture": "resnet18"}`
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("X-Repo-Commit", strings.Repeat("1", 40))
		w.Header().Set("ETag", fmt.Sprintf("\"%x\"", sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(content), content))))
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	}))
	defer server.Close()
	cache, err := os.MkdirTemp("", "hub")
	check(err)
	defer os.RemoveAll(cache)

	ref, err := hub.Parse("hf:timm/resnet18.a1_in1k/config.json")
	check(err)
	opt := hub.Options{Cache: cache, Endpoint: server.URL} // or hub.FromEnvironment()
	path, err := hub.Fetch(context.Background(), ref, opt)
	check(err)
	text, err := os.ReadFile(path)
	check(err)
	inCache, err := filepath.Rel(cache, path)
	check(err)
	fmt.Println(filepath.ToSlash(inCache))
	fmt.Printf("%s\n", text)

	requests = 0
	_, err = hub.Fetch(context.Background(), ref, opt)
	fmt.Println(err, requests, "requests the second time")
	// Output:
	// models--timm--resnet18.a1_in1k/snapshots/1111111111111111111111111111111111111111/config.json
	// {"architecture": "resnet18"}
	// <nil> 0 requests the second time
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
