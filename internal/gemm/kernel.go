package gemm

import (
	"fmt"
	"strings"
)

// kernel describes one implementation. Tiles of C have at most rows rows and
// vecs vectors of lanes columns. rows is 0 for gonum.
type kernel struct {
	name              string
	rows, vecs, lanes int
	wideVecs          []int // vectors of the wide tile of 1, 2, ... rows
	finishes          bool  // tiles do what a Finish says
}

// gonumKernel is there on every machine.
var gonumKernel = kernel{name: "gonum"}

// kernels are those this machine can run, the best first.
var kernels = append(machineKernels(), gonumKernel)

var inUse = kernels[0]

// preferred, set by the linker (-ldflags "-X …/internal/gemm.preferred=gonum"),
// is the kernel to begin with: how a whole test suite is run on each of them.
var preferred string

func init() {
	if preferred == "" {
		return
	}
	if err := Use(preferred); err != nil {
		panic(err)
	}
}

// nr is the width of a panel.
func (kn *kernel) nr() int { return kn.vecs * kn.lanes }

// wide is the number of columns of the widest tile of m rows. If A has few
// rows, wide tiles have enough accumulators all the same, and read B in
// longer pieces.
func (kn *kernel) wide(m int) int {
	if m > len(kn.wideVecs) {
		return kn.nr()
	}
	return kn.wideVecs[m-1] * kn.lanes
}

// Lanes returns how many float32 values a vector register of the kernel in use
// holds, 16, 8 or 4, and 0 for gonum. Other packages choose their assembly by it.
func Lanes() int { return inUse.lanes }

// Name returns the name of the kernel in use.
func Name() string { return inUse.name }

// Names returns the names that Use knows on this machine, "go" apart.
func Names() []string {
	var names []string
	for _, kn := range kernels {
		names = append(names, kn.name)
	}
	return names
}

// Use chooses a kernel by name; "go" means the best one of this machine. It
// must not be called while products run.
func Use(name string) error {
	if name == "go" {
		inUse = kernels[0]
		return nil
	}
	for _, kn := range kernels {
		if kn.name == name {
			inUse = kn
			return nil
		}
	}
	return fmt.Errorf("gemm: no kernel %q on this machine; there are go, %s", name, strings.Join(Names(), ", "))
}
