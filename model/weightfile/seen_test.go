package weightfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
)

// seen returns n images that a network has seen.
func seen(t *testing.T, n int) dataset.Seen {
	t.Helper()
	if n == 0 {
		return dataset.Seen{}
	}
	pixels := make([]byte, 4*n)
	for i := range n {
		binary.LittleEndian.PutUint32(pixels[4*i:], uint32(i))
	}
	s, err := dataset.NewSet("seen", []int{1, 2, 2}, pixels, make([]int, n), []string{"a"}, dataset.MNISTPreprocessing())
	if err != nil {
		t.Fatal(err)
	}
	return s.Seen()
}

// TestSeenTravels writes as many images as MNIST has, beside as much text as
// there is room for.
func TestSeenTravels(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	for _, c := range []struct{ images, text, want int }{
		{0, 0, 0}, {3, 0, 3}, {60_000, 0, 60_000}, {60_000, maxMetadata - 100_000, 12_500}, {60_000, maxMetadata - 700, 0}, {120_000, 0, 100_000},
	} {
		m := small(t)
		m.Seen = seen(t, c.images)
		m.Meta = map[string]string{"command": strings.Repeat("x", c.text)}
		if err := m.write(path); err != nil {
			t.Errorf("%d images beside %d bytes: %v", c.images, c.text, err)
			continue
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if n := got.Seen.Len(); n < c.want-c.want/20 || n > c.want || got.Seen.Complete != (n == c.images && n > 0) {
			t.Errorf("%d images beside %d bytes: found %d, complete: %v, expected %d", c.images, c.text, n, got.Seen.Complete, c.want)
		}
		if n := len(got.Seen.Sums); !bytes.Equal(got.Seen.Sums, m.Seen.Sums[:n]) || !reflect.DeepEqual(got.Meta, m.Meta) {
			t.Errorf("%d images: found others, or other metadata", c.images)
		}
	}
}

func TestSeenRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	m := small(t)
	m.Seen.Sums = []byte{1}
	if err := m.write(path); !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), "images seen") {
		t.Errorf("found the error %v", err)
	}
	m = small(t)
	m.Meta = map[string]string{keySeen: "x"}
	if err := m.write(path); !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), keySeen) {
		t.Errorf("found the error %v", err)
	}
	all, err := small(t).metadata()
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"x", `{"complete":true,"sums":"AAAA"}`, `{"complete":true,"sums":"AAAAAAAAAAAAAAAA"}`, `{"more":1}`} {
		all[keySeen] = text
		if _, err := parseMetadata(all, path); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), keySeen) {
			t.Errorf("%s: found the error %v", text, err)
		}
	}
	all[keySeen] = `{"complete":true,"sums":"AAAAAAAAAAAAAAAB"}`
	if m, err := parseMetadata(all, path); err != nil || m.Seen.Len() != 2 {
		t.Errorf("found the error %v", err)
	}
}
