// Package typednil finds the nil that a comparison with nil does not: a nil
// pointer in an interface, such as a *dataset.Set that was never opened, given as
// dataset.Examples.
package typednil

import "reflect"

// Is reports whether v is nil, or holds a nil pointer, function, map or slice.
func Is(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice:
		return r.IsNil()
	}
	return false
}
