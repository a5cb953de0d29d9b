package feature_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/memory"
	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/transfer/feature"
)

// photos are random images [3,224,224].
type photos int

func (n photos) Len() int          { return int(n) }
func (photos) ExampleShape() []int { return []int{3, 224, 224} }
func (photos) Label(i int) int     { return i % 2 }
func (photos) Gather(dst []float32, indices []int) {
	size := len(dst) / len(indices)
	for i, index := range indices {
		rng := rand.New(rand.NewPCG(uint64(index), 1))
		for j := range dst[i*size : (i+1)*size] {
			dst[i*size+j] = rng.Float32()
		}
	}
}

// mostMemory is the memory limit for a program that runs the trunk of a ResNet-50 over
// photos. Its weights take 98 MiB.
const mostMemory = 600 << 20

// TestPeakMemory runs the trunk of a ResNet-50 over photos in a separate program and
// measures its memory: 16 photos, or 200 with LASTLAYER_ZOO=all.
func TestPeakMemory(t *testing.T) {
	const child = "LASTLAYER_PEAK_MEMORY"
	if n, err := strconv.Atoi(os.Getenv(child)); err == nil {
		runTrunk(t, photos(n))
		fmt.Println("peak", memory.Peak())
		return
	}
	if testing.Short() {
		t.Skip("runs a ResNet-50: takes some seconds")
	}
	if runtime.GOOS != "linux" { // elsewhere it may be the memory of the parent process
		t.Skip("this system does not say what a program has held at most")
	}
	n := "16"
	if os.Getenv("LASTLAYER_ZOO") == "all" {
		n = "200"
	}
	program := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestPeakMemory$")
	program.Env = append(os.Environ(), child+"="+n)
	out, err := program.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	_, text, _ := strings.Cut(string(out), "peak ")
	text, _, _ = strings.Cut(text, "\n")
	found, err := strconv.Atoi(text)
	must(t, err)
	t.Logf("%s photos: %d MiB at most", n, found>>20)
	if found <= 0 || found > mostMemory {
		t.Errorf("found %d MiB, expected at most %d", found>>20, mostMemory>>20)
	}
}

// runTrunk runs the trunk of a ResNet-50 over the photos.
func runTrunk(t *testing.T, data photos) {
	spec, err := zoo.Spec("resnet50", 1000, 0)
	must(t, err)
	trunk, err := feature.NewTrunk(smallnet.Of(spec, initial(t, spec)), model.Last(1))
	must(t, err)
	set, err := trunk.Features(t.Context(), data, feature.Options{})
	must(t, err)
	if n := len(set.Row(data.Len() - 1)); n != 2048 {
		t.Errorf("found features of %d numbers, expected 2048", n)
	}
	must(t, set.Close())
	must(t, trunk.Close())
}
