package buildinfo

import (
	"testing"
)

func TestVersions(t *testing.T) {
	if v := Version(); v == "" {
		t.Error("found no version, expected one or that it is unknown")
	}
	if v := Module("example.com/none"); v != unknown {
		t.Errorf("found %q of a module that is not there", v)
	}
}
