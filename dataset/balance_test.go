package dataset

import "testing"

func TestExtremes(t *testing.T) {
	set := &Set{Classes: []string{"none", "few", "many", "as few", "as many"}, Labels: []int{1, 2, 2, 2, 3, 4, 4, 4}}
	least, most, fewest, largest := set.Extremes()
	if least != "few" || most != "many" || fewest != 1 || largest != 3 {
		t.Errorf("found %d of %s to %d of %s, expected 1 of few to 3 of many", fewest, least, largest, most)
	}
	if least, most, fewest, largest = (*Set)(nil).Extremes(); least != "" || most != "" || fewest != 0 || largest != 0 {
		t.Errorf("no set: found %d of %q to %d of %q", fewest, least, largest, most)
	}
	if got, want := set.String(), "8 images of 5 classes"; got != want {
		t.Errorf("found %q, expected %q", got, want)
	}
	if got, want := (Classes{"a", "b\n"}).String(), `a, "b\n"`; got != want {
		t.Errorf("found %s, expected %s", got, want)
	}
}
