package dataset

import "fmt"

// String says how much there is in a set: "600 images of 10 classes".
func (s *Set) String() string {
	if s == nil {
		return "no images"
	}
	return fmt.Sprintf("%d images of %d classes", s.Len(), len(s.Classes))
}

// Extremes returns the classes with the fewest and with the most images, and how many these are.
// Classes without any do not count. Where there are several the first is meant.
func (s *Set) Extremes() (least, most string, fewest, largest int) {
	for class, n := range s.Counts() {
		if n > 0 && (fewest == 0 || n < fewest) {
			least, fewest = s.Classes[class], n
		}
		if n > largest {
			most, largest = s.Classes[class], n
		}
	}
	return least, most, fewest, largest
}
