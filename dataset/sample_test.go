package dataset

import "testing"

func TestSample(t *testing.T) {
	train, test, err := Open("sample", Options{})
	check(t, err)
	all, allTest := realMNIST(t)
	for _, c := range []struct {
		set, from *Set
		n         int
	}{{train, all, 2000}, {test, allTest, 500}} {
		for digit, n := range c.set.Counts() {
			if n != c.n/10 {
				t.Errorf("%s: found %d images of %d, expected %d", c.set.Name, n, digit, c.n/10)
			}
		}
		const seed = 1 // as in sample/generate.go
		drawn, err := c.from.Limit(c.n, seed)
		check(t, err)
		if c.set.Hash() != drawn.Hash() {
			t.Errorf("%s: found other images than the generator draws", c.set.Name)
		}
		if c.set.Prep != c.from.Prep {
			t.Errorf("%s: found %v", c.set.Name, c.set.Prep)
		}
	}
}
