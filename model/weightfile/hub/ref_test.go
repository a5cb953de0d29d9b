package hub

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Ref{
		"hf:timm/resnet18.a1_in1k":             {"timm", "resnet18.a1_in1k", "main", ""},
		"hf:timm/net@v1.0":                     {"timm", "net", "v1.0", ""},
		"hf:timm/net@v1.0/sub/model.bin":       {"timm", "net", "v1.0", "sub/model.bin"},
		"hf:timm/net/a@b":                      {"timm", "net", "main", "a@b"},
		"hf:timm/net@feature%2Fx/config.json":  {"timm", "net", "feature/x", "config.json"},
		"hf:timm/net@refs/pr/12":               {"timm", "net", "refs/pr/12", ""},
		"hf:timm/net@refs/convert/x/a.bin":     {"timm", "net", "refs/convert/x", "a.bin"},
		"hf:timm/net/Modell für Ä.safetensors": {"timm", "net", "main", "Modell für Ä.safetensors"},
	} {
		got, err := Parse(text)
		if err != nil || got != want {
			t.Errorf("%s: found %+v, %v, expected %+v", text, got, err, want)
		}
		if got.String() != text || !IsRef(text) {
			t.Errorf("%s: printed as %s", text, got)
		}
	}
	for _, text := range []string{
		"", "timm/net", "hf:", "hf:net", "hf:/net", "hf:timm/", "hf:timm/net/", "hf:timm/net@", "hf:timm/net@/x", "hf:a--b/net", "hf:timm/..", "hf:../net", "hf:timm/a..b",
		"hf:timm/.net", "hf:timm/net.git", "hf:timm/-net", "hf:timm/n et", "hf:timm/net/../x", "hf:timm/net//x", "hf:timm/net/./x", "hf:timm/net/x/", "hf:timm/net/a\\..\\b",
		"hf:timm/net/C:x", "hf:timm/net/a\nb", "hf:timm/net/a\x00", "hf:timm/net@..", "hf:timm/net@..%2F..%2Fx", "hf:timm/net@%2Fetc", "hf:timm/net@%zz",
		"hf:timm/" + strings.Repeat("x", 97), "hf:timm/net/" + strings.Repeat("x", 501),
	} {
		if r, err := Parse(text); !errors.Is(err, ErrRef) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: found %+v, %v, expected ErrRef", text, r, err)
		}
	}
}

func TestFromEnvironment(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("USERPROFILE", home)
	for _, name := range []string{"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE"} {
		t.Setenv(name, "")
	}
	expect := func(reason string, want Options) {
		t.Helper()
		got, err := FromEnvironment()
		if err != nil || got.Cache != want.Cache || got.Endpoint != want.Endpoint || got.Token != want.Token || got.Offline != want.Offline {
			t.Errorf("%s: found %+v, %v, expected %+v", reason, got, err, want)
		}
	}
	want := Options{Cache: filepath.Join(home, ".cache", "huggingface", "hub"), Endpoint: "https://huggingface.co"}
	expect("nothing set", want)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "xdg"))
	want.Cache = filepath.Join(home, "xdg", "huggingface", "hub")
	expect("XDG_CACHE_HOME", want)
	t.Setenv("HF_HOME", "~/hf")
	want.Cache = filepath.Join(home, "hf", "hub")
	expect("HF_HOME", want)
	t.Setenv("HF_HUB_CACHE", "$HF_HOME/c")
	want.Cache = "~/hf/c"
	t.Setenv("HF_HOME", filepath.Join(home, "other"))
	want.Cache = filepath.Join(home, "other") + "/c"
	expect("HF_HUB_CACHE", want)
	t.Setenv("HF_ENDPOINT", "http://localhost:8080")
	t.Setenv("HF_TOKEN", " hf_x\n")
	t.Setenv("HF_HUB_OFFLINE", "yes")
	want.Endpoint, want.Token, want.Offline = "http://localhost:8080", "hf_x", true
	expect("the rest", want)
}
