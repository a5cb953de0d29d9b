package dataset

import "github.com/pkg/errors"

// Prepared returns the set as a network with that preprocessing takes it. Grey images of the other
// polarity become their negatives. Colour images of the other polarity are an ErrArgument, as are
// images that were not made of photos as the network's are.
func (s *Set) Prepared(prep Preprocessing) (*Set, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if err := prep.Validate(); err != nil {
		return nil, err
	}
	if was, is := s.Prep.Photo.geometry(), prep.Photo.geometry(); was != is {
		return nil, errors.Wrapf(ErrArgument, "%s: found images made by %s, the network's are made by %s: open the data with its preprocessing", printable(s.Name), was, is)
	}
	as := *s
	as.Prep = prep
	if prep.Polarity == s.Prep.Polarity {
		return &as, nil
	}
	if s.Shape[0] != 1 {
		return nil, errors.Wrapf(ErrArgument, "%s: found %s images in colours, expected %s ones", printable(s.Name), s.Prep.Polarity, prep.Polarity)
	}
	as.Pixels = make([]byte, len(s.Pixels))
	for i, v := range s.Pixels {
		as.Pixels[i] = 255 - v
	}
	return &as, nil
}
