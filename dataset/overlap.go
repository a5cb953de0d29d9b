package dataset

import "fmt"

// Overlap is how many images of a set trained a network.
type Overlap struct {
	TrainedOn *int `json:"trained_on"`          // nil where the network does not say what trained it
	LookedUp  *int `json:"looked_up,omitempty"` // images that could be looked up, where only a sample is remembered; nil for all
	Of        int  `json:"-"`                   // images of the set
}

// Overlap says how many images of a set are among those seen.
func (s Seen) Overlap(set *Set) Overlap {
	o := Overlap{Of: set.Len()}
	if s.Len() == 0 {
		return o
	}
	used, of := s.In(set)
	if o.TrainedOn = &used; !s.Complete {
		o.LookedUp = &of
	}
	return o
}

// String returns a warning for people, "" where there is no overlap.
func (o Overlap) String() string {
	switch {
	case o.TrainedOn == nil || *o.TrainedOn == 0:
		return ""
	case o.LookedUp != nil:
		return fmt.Sprintf("trained on %d of %d test images, a sample of the %d: on new images the accuracy may be lower", *o.TrainedOn, *o.LookedUp, o.Of)
	}
	return fmt.Sprintf("trained on %d of %d test images: on new images the accuracy may be lower", *o.TrainedOn, o.Of)
}
