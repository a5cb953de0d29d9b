package model

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Layer is one step of a network.
type Layer struct {
	Name string
	Kind Kind
	// Inputs are the names of the layers it takes, or "images", the network's
	// input. Nil means the layer before it, of the first layer the images.
	Inputs []string
}

// Images is the name of the network's input among a layer's Inputs.
const Images = "images"

// MarshalJSON writes name, kind, the kind's fields and the inputs, if there are
// any, as one object.
func (l Layer) MarshalJSON() ([]byte, error) {
	if !known(l.Kind) {
		return nil, errors.Errorf("layer %q: found kind %T, expected one of package model", l.Name, l.Kind)
	}
	head, err := json.Marshal(struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}{l.Name, l.Kind.String()})
	if err != nil {
		return nil, err
	}
	fields, err := json.Marshal(l.Kind)
	if err != nil {
		return nil, err
	}
	text := join(head, fields)
	if len(l.Inputs) > 0 {
		tail, err := json.Marshal(struct {
			Inputs []string `json:"inputs"`
		}{l.Inputs})
		if err != nil {
			return nil, err
		}
		text = join(text, tail)
	}
	return text, nil
}

// join makes one JSON object of two.
func join(a, b []byte) []byte {
	if len(b) <= len("{}") {
		return a
	}
	return slices.Concat(a[:len(a)-1], []byte(","), b[1:])
}

// UnmarshalJSON reads what MarshalJSON writes. A field that the layer's kind
// does not have is an error: a misspelt "strid" must not become a default.
func (l *Layer) UnmarshalJSON(text []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	var kind string
	*l = Layer{}
	for _, f := range []struct {
		name string
		into any
	}{{"name", &l.Name}, {"kind", &kind}, {"inputs", &l.Inputs}} {
		if value, ok := fields[f.name]; ok {
			if err := json.Unmarshal(value, f.into); err != nil {
				return errors.Errorf("layer %.100q: %s: found %.60s", l.Name, f.name, value)
			}
			delete(fields, f.name)
		}
	}
	pointer, err := newKind(kind)
	if err != nil {
		return errors.Wrapf(err, "layer %.100q", l.Name)
	}
	if err := decodeFields(pointer, fields); err != nil {
		return errors.Wrapf(err, "layer %.100q (%s)", l.Name, kind)
	}
	l.Kind = pointer.Elem().Interface().(Kind)
	return nil
}

// decodeFields decodes the fields into the struct that kind points to.
func decodeFields(kind reflect.Value, fields map[string]json.RawMessage) error {
	own := map[string]int{}
	for i := range kind.Elem().NumField() {
		if tag, ok := kind.Elem().Type().Field(i).Tag.Lookup("json"); ok {
			name, _, _ := strings.Cut(tag, ",")
			own[name] = i
		}
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i, ok := own[name]
		if !ok {
			return errors.Errorf("found field %.100q, which this kind of layer does not have", name)
		}
		field := kind.Elem().Field(i)
		if err := json.Unmarshal(fields[name], field.Addr().Interface()); err != nil {
			return errors.Errorf("%s: found %.60s, expected %s", name, fields[name], wanted(field))
		}
	}
	return nil
}

// wanted says what a field of a kind holds.
func wanted(field reflect.Value) string {
	switch field.Interface().(type) {
	case Sides:
		return "a whole number or a list of them"
	case int:
		return "a whole number"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	}
	return "a " + field.Kind().String()
}
