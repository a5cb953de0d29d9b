package onnx

import (
	"strings"
	"testing"

	"github.com/pkg/errors"
)

// mustSay holds that an error has that cause, and says all of that on one line.
func mustSay(t *testing.T, err, cause error, parts ...string) {
	t.Helper()
	if !errors.Is(err, cause) {
		t.Errorf("found %v, expected the cause %q", err, cause)
		return
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("found %q, expected it to say %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("found %q, expected one line", err)
	}
}
