package dataset

import (
	"bytes"
	"image"
	"os"
	"testing"

	"github.com/lastlayer/lastlayer/internal/border"
)

// TestBorder hands nil, zero values and sets that do not fit together to all that
// takes a pointer, an interface or a list.
func TestBorder(t *testing.T) {
	train, _, err := openSample()
	check(t, err)
	var none *Set
	zero, noPixels, label, prep := &Set{}, *train, *train, *train
	noPixels.Pixels = nil
	label.Labels = []int{10}
	label.Pixels = train.Pixels[:784]
	prep.Prep = Preprocessing{}
	bad := []struct {
		reason string
		set    *Set
		cause  error
	}{
		{"nil", none, ErrArgument}, {"the zero value", zero, ErrFormat}, {"no pixels", &noPixels, ErrFormat},
		{"a label beyond the classes", &label, ErrFormat}, {"no preprocessing", &prep, ErrArgument},
	}
	b := border.New(t)
	for _, test := range bad {
		s := test.set
		b.Refuse("Set.Check", test.reason, test.cause, s.Check)
		b.Refuse("Set.Filter", test.reason, test.cause, func() error { _, err := s.Filter(Classes{"1"}); return err })
		b.Refuse("Set.Limit", test.reason, test.cause, func() error { _, err := s.Limit(10, 1); return err })
		b.Refuse("Set.Split", test.reason, test.cause, func() error { _, _, err := s.Split(0.5, 1); return err })
		b.Refuse("Set.SplitFirst", test.reason, test.cause, func() error { _, _, err := s.SplitFirst(1, 0.5, 1); return err })
		b.Refuse("Set.Numbered", test.reason, test.cause, func() error { _, _, err := s.Numbered([]string{"1"}); return err })
		b.Refuse("NewCopies", test.reason, test.cause, func() error { _, err := NewCopies(s, Augmentation{}, 1, 1); return err })
		b.Refuse("Changes.Of", test.reason, test.cause, func() error { _, err := Changes{}.Of(s, 1); return err })
		b.Refuse("Augmented.Check", test.reason, test.cause, NewAugmented(s, Augmentation{}, 1).Check)
		if test.reason != "no preprocessing" {
			b.Refuse("Set.Prepared", test.reason, test.cause, func() error { _, err := s.Prepared(MNISTPreprocessing()); return err })
		}
	}
	var picture *image.Gray
	var reader *bytes.Reader
	var copies *Copies
	var augmented *Augmented
	var batches *Batches
	b.Refuse("NewSet", "nothing", ErrFormat, func() error { _, err := NewSet("", nil, nil, nil, nil, Preprocessing{}); return err })
	b.Refuse("NewSet", "no shape", ErrFormat, func() error {
		_, err := NewSet("", nil, make([]byte, 1), []int{0}, []string{"a"}, train.Prep)
		return err
	})
	b.Refuse("NewSet", "no classes", ErrFormat, func() error {
		_, err := NewSet("", []int{1, 1, 1}, make([]byte, 1), []int{0}, nil, train.Prep)
		return err
	})
	b.Refuse("Set.Filter", "no classes", ErrClass, func() error { _, err := train.Filter(nil); return err })
	b.Refuse("Set.Numbered", "no classes", ErrClass, func() error { _, _, err := train.Numbered(nil); return err })
	b.Refuse("Set.Prepared", "no preprocessing", ErrArgument, func() error { _, err := train.Prepared(Preprocessing{}); return err })
	b.Refuse("Copies.Check", "nil", ErrArgument, copies.Check)
	b.Refuse("Copies.Check", "the zero value", ErrArgument, (&Copies{}).Check)
	b.Refuse("Augmented.Check", "a nil pointer", ErrArgument, augmented.Check)
	b.Refuse("Augmented.Check", "the zero value", ErrArgument, (&Augmented{}).Check)
	b.Refuse("Batches.SetState", "nil", ErrArgument, func() error { return batches.SetState(BatchState{}) })
	b.Refuse("Batches.SetState", "the zero value", ErrArgument, func() error { return (&Batches{}).SetState(BatchState{}) })
	b.Refuse("NewBatches", "no examples", ErrArgument, func() error { _, err := NewBatches(0, 1, 1); return err })
	b.Refuse("DecodeImage", "nil", ErrArgument, func() error { _, err := DecodeImage(nil, "x"); return err })
	b.Refuse("DecodeImage", "a nil pointer", ErrArgument, func() error { _, err := DecodeImage(reader, "x"); return err })
	b.Refuse("ReadImage", "no name", os.ErrNotExist, func() error { _, err := ReadImage(t.Context(), ""); return err })
	b.Refuse("UseImage", "no name", os.ErrNotExist, func() error { return UseImage(t.Context(), "", nil) })
	b.Refuse("UseImageFrom", "nil", ErrArgument, func() error { return UseImageFrom(t.Context(), nil, "x", nil) })
	b.Refuse("ImagesIn", "no name", nil, func() error { _, _, err := ImagesIn(t.Context(), ""); return err })
	b.Refuse("NewPhotos", "nothing", ErrArgument, func() error { _, err := NewPhotos("", nil, nil, nil, nil, Preprocessing{}); return err })
	b.Refuse("ReadImageFrom", "nil", ErrArgument, func() error { _, err := ReadImageFrom(t.Context(), nil, "x"); return err })
	b.Refuse("Digit", "nil", ErrArgument, func() error { _, err := Digit(nil); return err })
	b.Refuse("Find", "nil", ErrArgument, func() error { _, err := Find(nil); return err })
	b.Refuse("Find", "a nil pointer", ErrArgument, func() error { _, err := Find(picture); return err })
	b.Refuse("Find", "the zero value", nil, func() error { _, err := Find(&image.Gray{}); return err })
	b.Refuse("Open", "no name", ErrNotFound, func() error { _, _, err := Open("", Options{}); return err })
	b.Refuse("Preprocessing.Validate", "the zero value", ErrArgument, Preprocessing{}.Validate)
	photo := ImageNetPreprocessing(256, Bilinear)
	b.Refuse("NewPhotos", "no shape", nil, func() error {
		_, err := NewPhotos("", nil, [][]byte{{1}}, []int{0}, []string{"a"}, photo)
		return err
	})
	b.Refuse("Preprocessing.CheckShape", "no shape", ErrArgument, func() error { return photo.CheckShape(nil) })
	b.Refuse("Photo.Pixels", "the zero value", ErrArgument, func() error { _, err := Photo{}.Pixels(&image.Gray{}, 1, 1); return err })
	b.Refuse("Photo.Pixels", "nil", ErrArgument, func() error { _, err := photo.Photo.Pixels(nil, 1, 1); return err })
	b.Refuse("Photo.Pixels", "a nil pointer", ErrArgument, func() error { _, err := photo.Photo.Pixels(picture, 1, 1); return err })
	b.Refuse("Photo.Pixels", "no sides", ErrArgument, func() error { _, err := photo.Photo.Pixels(image.NewGray(image.Rect(0, 0, 9, 9)), 0, 1); return err })
	b.Refuse("PerChannel.UnmarshalJSON", "two numbers", nil, func() error { return new(PerChannel).UnmarshalJSON([]byte("[1,2]")) })
	b.Refuse("Seen.Validate", "half a sum", ErrArgument, Seen{Sums: make([]byte, 7)}.Validate)
	b.Refuse("ReadIDXImages", "no name", nil, func() error { _, _, err := ReadIDXImages(""); return err })
	b.Refuse("ReadIDXLabels", "no name", nil, func() error { _, err := ReadIDXLabels(""); return err })
	b.Refuse("ParseClasses", "nothing", ErrClass, func() error { _, err := ParseClasses(""); return err })
	b.Refuse("ParseAugmentation", "nothing", ErrArgument, func() error { _, err := ParseAugmentation(""); return err })
	b.Refuse("ClassName", "nothing", ErrClass, func() error { _, err := ClassName(""); return err })
	b.Refuse("Preset", "nothing", ErrArgument, func() error { _, err := Preset("", nil); return err })
	b.Refuse("BadFiles.Unwrap", "the zero value", ErrFormat, (&BadFiles{}).Unwrap)
	b.Refuse("Read", "nil", ErrArgument, func() error { return Read(nil, nil, nil) })
	b.Refuse("Read", "a nil pointer", ErrArgument, func() error { return Read(copies, nil, nil) })
	b.Refuse("Read", "too large an index", ErrArgument, func() error { return Read(train, make([]float32, 784), []int{train.Len()}) })
	b.Refuse("Set.ReadImage", "a negative index", ErrArgument, func() error { _, err := train.ReadImage(-1); return err })
	b.Refuse("Set.ReadImage", "a nil set", ErrArgument, func() error { _, err := (*Set)(nil).ReadImage(0); return err })
	b.Refuse("Set.View", "a negative index", ErrArgument, func() error { _, err := train.View(-1); return err })
	b.Refuse("Set.View", "a nil set", ErrArgument, func() error { _, err := (*Set)(nil).View(0); return err })
	b.Refuse("NewFiles", "nothing", ErrNotFound, func() error { _, _, err := NewFiles("", nil, nil, nil, photo, Options{}); return err })
	b.Refuse("ListFolder", "no name", ErrNotFound, func() error { _, err := ListFolder("", nil, Options{}); return err })
	b.Refuse("ListNames", "no folder", ErrNotFound, func() error { _, err := ListNames("photos", []string{"1.jpg"}, Options{}); return err })
	b.Refuse("FolderFile.Read", "the zero value", ErrNotFound, func() error { _, err := FolderFile{}.Read(); return err })
	b.Complete()
}

// TestNilSet asks a nil set what has no error to return.
func TestNilSet(t *testing.T) {
	var s *Set
	if s.Len() != 0 || s.ExampleShape() != nil || len(s.Counts()) != 0 || s.Seen().Len() != 0 {
		t.Error("found something in a nil set")
	}
	if used, of := (Seen{Complete: true}).In(s); used != 0 || of != 0 {
		t.Errorf("found %d of %d images of a nil set", used, of)
	}
	if n := NewAugmented(nil, Augmentation{}, 1).Len(); n != 0 {
		t.Errorf("found %d images", n)
	}
	if (Seen{Sums: make([]byte, 12)}).Lowest(-1).Len() != 0 {
		t.Error("found images among the lowest -1")
	}
}
