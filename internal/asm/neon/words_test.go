package main

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every word is what the GNU assembler makes of the instruction beside it.
func TestWords(t *testing.T) {
	if _, err := exec.LookPath("aarch64-linux-gnu-as"); err != nil {
		t.Skip("no aarch64-linux-gnu-as: Debian has it in binutils-aarch64-linux-gnu")
	}
	for _, pkg := range []string{"gemm", "vector", "winograd"} {
		f, err := newFile(pkg)
		if err != nil {
			t.Fatal(err)
		}
		words := regexp.MustCompile(`WORD \$(\S+) // (.*)`).FindAllStringSubmatch(f.text.String(), -1)
		var source strings.Builder
		for _, w := range words {
			fmt.Fprintln(&source, w[2])
		}
		made := assembled(t, source.String())
		if len(words) == 0 || len(made) != 4*len(words) {
			t.Fatalf("%s: found %d words, the assembler made %d bytes of them", pkg, len(words), len(made))
		}
		for i, w := range words {
			if want := fmt.Sprintf("0x%08x", binary.LittleEndian.Uint32(made[4*i:])); w[1] != want {
				t.Errorf("%s: %s: found the word %s, expected %s", pkg, w[2], w[1], want)
			}
		}
	}
}

// assembled returns the code of source.
func assembled(t *testing.T, source string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "object")
	as := exec.Command("aarch64-linux-gnu-as", "-o", path, "-")
	as.Stdin = strings.NewReader(source)
	if out, err := as.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	object, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer object.Close()
	code, err := object.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	return code
}
