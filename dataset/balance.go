package dataset

import "fmt"

// String says how much there is in a set: "600 images of 10 classes".
func (s *Set) String() string {
	if s == nil {
		return "no images"
	}
	return fmt.Sprintf("%d images of %d classes", s.Len(), len(s.Classes))
}

// Extremes returns the classes with the fewest and the most images, and these numbers. Classes
// without images do not count. Among several it takes the first.
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
