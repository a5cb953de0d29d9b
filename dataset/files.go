package dataset

// Half is where an image stands in a data set.
type Half uint8

const (
	Undecided Half = iota // in a folder without test images: a hash of its content decides
	TrainHalf
	TestHalf
)
