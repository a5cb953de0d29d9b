package hub_test

import (
	"os"
	"testing"

	"github.com/lastlayer/lastlayer/internal/border"
	"github.com/lastlayer/lastlayer/model/weightfile/hub"
)

// TestBorder hands zero values to all that takes some.
func TestBorder(t *testing.T) {
	b := border.New(t)
	b.Refuse("Fetch", "zero reference", hub.ErrRef, func() error { _, err := hub.Fetch(t.Context(), hub.Ref{}, hub.Options{Cache: t.TempDir()}); return err })
	ref, err := hub.Parse("hf:owner/repo")
	if err != nil {
		t.Fatal(err)
	}
	b.Refuse("Fetch", "zero options", nil, func() error { _, err := hub.Fetch(t.Context(), ref, hub.Options{}); return err })
	b.Refuse("Fetch", "no endpoint", nil, func() error { _, err := hub.Fetch(t.Context(), ref, hub.Options{Cache: t.TempDir()}); return err })
	b.Refuse("Parse", "nothing", hub.ErrRef, func() error { _, err := hub.Parse(""); return err })
	b.Refuse("ParseConfig", "nothing", nil, func() error { _, err := hub.ParseConfig(nil); return err })
	b.Refuse("ReadConfig", "no file", os.ErrNotExist, func() error { _, err := hub.ReadConfig(""); return err })
	b.Complete("FromEnvironment") // takes nothing
}
