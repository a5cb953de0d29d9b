package typednil_test

import (
	"fmt"
	"testing"

	"github.com/lastlayer/lastlayer/internal/typednil"
)

func TestIs(t *testing.T) {
	var pointer *int
	var function func()
	var stringer fmt.Stringer
	for i, v := range []any{nil, pointer, function, stringer, map[int]int(nil), []int(nil)} {
		if !typednil.Is(v) {
			t.Errorf("%d: found no nil in %T", i, v)
		}
	}
	for _, v := range []any{0, "", struct{}{}, new(int), func() {}, []int{}, &pointer} {
		if typednil.Is(v) {
			t.Errorf("found nil in %T", v)
		}
	}
}
