package explain_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lastlayer/lastlayer/internal/smallnet"
	"github.com/lastlayer/lastlayer/model/zoo"
	"github.com/lastlayer/lastlayer/transfer/explain"
)

// pictures are images [3,64,64] of random colours, of 5 classes.
type pictures int

func (n pictures) Len() int          { return int(n) }
func (pictures) ExampleShape() []int { return []int{3, 64, 64} }
func (pictures) Label(i int) int     { return i % 5 }
func (pictures) Gather(dst []float32, indices []int) {
	size := len(dst) / len(indices)
	for i, index := range indices {
		rng := rand.New(rand.NewPCG(uint64(index), 1))
		for j := range size {
			dst[i*size+j] = 2*rng.Float32() - 1
		}
	}
}

// TestProofOfZoo: on networks that people have, every way makes the same step, to
// the bit, with what is frozen folded or not, and the costs fall.
func TestProofOfZoo(t *testing.T) {
	for _, arch := range []string{"resnet18", "squeezenet1_1", "mobilenet_v2"} {
		spec, err := zoo.Spec(arch, 5, 64)
		smallnet.Must(t, err)
		n := smallnet.Of(spec, smallnet.Init(t, spec))
		c, err := explain.Compare(t.Context(), n, pictures(2), 2, 2)
		smallnet.Must(t, err)
		defer c.Close()
		proof, err := c.Prove(t.Context(), nil)
		smallnet.Must(t, err)
		if len(proof.Differences) < 4 || proof.LargestChange == 0 {
			t.Errorf("%s: found the proof %+v, expected four ways and a step that moves", arch, proof)
		}
		for way, d := range proof.Differences {
			if d != 0 {
				t.Errorf("%s, %s: found a difference of %g, expected 0", arch, way, d)
			}
		}
		for _, cut := range []bool{false, true} {
			if way := explain.LastName(2, cut); !proof.FrozenIdentical[way] {
				t.Errorf("%s, %s: frozen weights have moved, or are not compared", arch, way)
			}
		}
		costs := map[string]int64{}
		for _, cost := range c.Costs() {
			costs[cost.Name] = cost.Plan.MultiplyAdds
		}
		if a, b, c := costs["whole network"], costs["last 2 layers"], costs["last 2 layers, cut"]; !(a > 2*b && b > c && c > 0) {
			t.Errorf("%s: found %d multiply-adds for the whole, %d for the last two layers, %d with the cut", arch, a, b, c)
		}
	}
}

// large are pictures [3,256,256]; as many are asked for as nobody has memory for.
type large struct{ pictures }

func (large) ExampleShape() []int { return []int{3, 256, 256} }

// TestBatchHasRoom: a step of a large network takes fewer examples than asked
// for.
func TestBatchHasRoom(t *testing.T) {
	spec, err := zoo.Spec("squeezenet1_1", 5, 256)
	smallnet.Must(t, err)
	c, err := explain.Compare(t.Context(), smallnet.Of(spec, smallnet.Init(t, spec)), large{1000}, 1, 1000)
	smallnet.Must(t, err)
	defer c.Close()
	if c.Batch() < 10 || c.Batch() > 100 {
		t.Errorf("found %d examples a step, expected some ten", c.Batch())
	}
}
