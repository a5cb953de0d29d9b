package strictjson_test

import (
	"strings"
	"testing"

	"github.com/lastlayer/lastlayer/internal/strictjson"
)

type inner struct {
	Name string `json:"name,omitempty"`
}

type outer struct {
	Count  int            `json:"count,omitempty"`
	Seed   uint8          `json:"seed"`
	Rate   float64        `json:"rate"`
	On     *bool          `json:"on"`
	Input  []int          `json:"input"`
	Layers []inner        `json:"layers"`
	Table  map[string]int `json:"table"`
	Raw    []byte         `json:"raw"`
}

func TestDecode(t *testing.T) {
	var v outer
	if err := strictjson.Decode([]byte(` {"count": 3, "layers": [{"name": "a"}], "rate": 0.5, "on": true}`+"\n"), &v); err != nil || v.Count != 3 || v.Layers[0].Name != "a" || !*v.On {
		t.Errorf("found %+v and %v", v, err)
	}
	for text, want := range map[string]string{
		``:                                "JSON: found nothing",
		`{"count": 3`:                     "JSON: found its end too early",
		`{} {}`:                           "JSON: found more behind the end",
		`{}x`:                             "JSON: found more behind the end",
		`[1]`:                             "JSON: found a list, expected an object",
		`"x"`:                             "JSON: found a text, expected an object",
		`{"count": "3"}`:                  "JSON: field count: found a text, expected a whole number that is not too large",
		`{"count": 1.5}`:                  "JSON: field count: found number 1.5, expected a whole number that is not too large",
		`{"count": 99999999999999999999}`: "JSON: field count: found number 99999999999999999999, expected a whole number that is not too large",
		`{"seed": -1}`:                    "JSON: field seed: found number -1, expected a whole number from 0 that is not too large",
		`{"rate": []}`:                    "JSON: field rate: found a list, expected a number",
		`{"on": {}}`:                      "JSON: field on: found an object, expected true or false",
		`{"input": true}`:                 "JSON: field input: found true or false, expected a list",
		`{"input": ["a"]}`:                "JSON: field input: found a text, expected a whole number that is not too large",
		`{"layers": [{"name": 7}]}`:       "JSON: field layers.name: found a number, expected a text",
		`{"table": 1}`:                    "JSON: field table: found a number, expected an object",
		`{"strid": 1}`:                    `JSON: unknown field "strid"`,
		`{"raw": "?"}`:                    "JSON: illegal base64 data at input byte 0",
		`{'a': 1}`:                        `JSON: invalid character '\'' looking for beginning of object key string`,
	} {
		err := strictjson.Decode([]byte(text), new(outer))
		if err == nil || err.Error() != want {
			t.Errorf("%s: found %v, expected %s", text, err, want)
		}
		if err != nil && (strings.Contains(err.Error(), "Go ") || strings.Contains(err.Error(), "omitempty")) {
			t.Errorf("%s: %v speaks of Go", text, err)
		}
	}
}
