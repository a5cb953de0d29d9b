package model

import "slices"

// Cut splits a network in two when some layers are trained. The trunk is what
// never changes: the layers that depend on no trained one. Their output can be
// computed once for each image. The head is all others.
//
// Dropout that the head reads, directly or through other layers that change no
// number, belongs to the head. Further down it is the identity, as in
// evaluation.
type Cut struct {
	Trunk []string // layers, from input to output
	Head  []string
	// Features are what the head reads of the trunk, or of the images, in the
	// order of the layers. Empty when nothing is in the trunk.
	Features []Feature
}

// Feature is one output of the trunk.
type Feature struct {
	Layer string // Images for the network's input
	Shape []int  // for one example: [C,H,W] or [F]
}

// Size returns how many numbers the features of one example are.
func (c Cut) Size() int {
	n := 0
	for _, f := range c.Features {
		n += size(f.Shape)
	}
	return n
}

// Shape returns the shape of one example's features: that of the only one, or
// [F] for several, one after the other.
func (c Cut) Shape() []int {
	if len(c.Features) == 1 {
		return append([]int(nil), c.Features[0].Shape...)
	}
	return []int{c.Size()}
}

// Cut returns where the network is cut when the named layers are trained. It
// returns the error of Validate.
func (s Spec) Cut(trained []string) (Cut, error) {
	w, err := s.wire()
	if err != nil {
		return Cut{}, err
	}
	head := w.head(s, trained)
	var c Cut
	read := map[int]bool{}
	for i, l := range s.Layers {
		if !head[i] {
			c.Trunk = append(c.Trunk, l.Name)
			continue
		}
		c.Head = append(c.Head, l.Name)
		for _, from := range w.inputs[i] {
			read[from] = read[from] || from == fromImages || !head[from]
		}
	}
	switch {
	case len(c.Trunk) == 0:
		return c, nil
	case len(c.Head) == 0: // nothing is trained: the logits are all there is
		read[len(s.Layers)-1] = true
	}
	if read[fromImages] {
		c.Features = append(c.Features, Feature{Images, s.Input})
	}
	for i, l := range s.Layers {
		if read[i] && !head[i] {
			c.Features = append(c.Features, Feature{l.Name, w.shapes[i]})
		}
	}
	return c, nil
}

// head reports for each layer whether it belongs to the head.
func (w *wiring) head(s Spec, trained []string) []bool {
	head := make([]bool, len(s.Layers))
	for i, l := range s.Layers {
		head[i] = slices.Contains(trained, l.Name)
	}
	for changed := true; changed; {
		changed = false
		for i := range s.Layers { // downstream of the head
			if !head[i] && slices.ContainsFunc(w.inputs[i], func(from int) bool { return from != fromImages && head[from] }) {
				head[i], changed = true, true
			}
		}
		for i := range s.Layers {
			if !head[i] && w.dropsForHead(s, i, head) {
				head[i], changed = true, true
			}
		}
	}
	return head
}

// dropsForHead reports whether the head reads the dropout layer i, perhaps
// through layers that change no number.
func (w *wiring) dropsForHead(s Spec, i int, head []bool) bool {
	if _, ok := s.Layers[i].Kind.(trainingOnly); !ok {
		return false
	}
	var reads func(i int) bool
	reads = func(i int) bool {
		return slices.ContainsFunc(w.readers[i], func(reader int) bool {
			_, through := s.Layers[reader].Kind.(shapeOnly)
			return head[reader] || through && reads(reader)
		})
	}
	return reads(i)
}
