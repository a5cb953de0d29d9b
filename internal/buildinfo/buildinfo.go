// Package buildinfo says what the program was built from.
package buildinfo

import "runtime/debug"

// unknown is the version of what the build does not know.
const unknown = "unknown"

// Version returns the version of the program's module, and the commit where the
// build knows it.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return unknown
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v += " " + s.Value
		}
	}
	return v
}

// Module returns the version of a module that the program is built from.
func Module(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				if m.Replace != nil {
					m = m.Replace
				}
				return m.Version
			}
		}
	}
	return unknown
}
