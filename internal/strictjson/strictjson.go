// Package strictjson reads JSON that must hold exactly what a Go value takes, and
// says what is wrong in the terms of JSON: whoever wrote the text need not know
// about Go's types.
package strictjson

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strings"

	"github.com/pkg/errors"
)

// Decode reads text into v. A field that v lacks is an error, and so is anything
// after the end.
func Decode(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return Explain(err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("JSON: found more behind the end")
	}
	return nil
}

// Explain returns an error of encoding/json's decoder in those terms.
func Explain(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("JSON: found nothing")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("JSON: found its end too early")
	case errors.As(err, &kind):
		place := "JSON"
		if kind.Field != "" {
			place += ": field " + kind.Field
		}
		return errors.Errorf("%s: found %s, expected %s", place, found(kind.Value), expected(kind.Type))
	}
	return errors.New("JSON: " + strings.TrimPrefix(err.Error(), "json: "))
}

// found names what stands in the text: the decoder says string, bool, array,
// object, or number with its digits.
func found(value string) string {
	switch value {
	case "string":
		return "a text"
	case "bool":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "number":
		return "a number"
	}
	return value
}

// expected names what a Go type takes.
func expected(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Pointer:
		return expected(t.Elem())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number that is not too large"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0 that is not too large"
	}
	return "something else"
}
