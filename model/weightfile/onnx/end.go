package onnx

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// end finds the logits and returns the layer that gives them.
func (r *reader) end() (string, error) {
	if r.until != "" {
		base, ok := r.shapes[r.until]
		if !ok || r.until == model.Images {
			return "", unsupported("found no layer %.150q, expected one of %s", r.until, strings.Join(r.layerNames(), ", "))
		}
		v, err := r.vector(layerValue(r.until, base))
		if err != nil {
			return "", err
		}
		return v.layer, nil
	}
	name := r.file.outputs[0].name
	v, err := r.value(name)
	if err != nil {
		return "", err
	}
	if v.constant != nil || v.layer == model.Images && !r.anything {
		return "", unsupported("output %.100q: found something that no layer computes", name)
	}
	if v.softmax {
		r.note("the Softmax at the end is dropped: the network gives logits")
	}
	if classes := slices.Max(append([]int{1}, v.shape...)); product(v.shape) != classes && !r.anything {
		err := unsupported("found shape %v of each image, expected [classes]: not a classifier", v.shape)
		return "", r.refuse(&operator{name: name, kind: "output"}, []*value{v}, err)
	}
	if r.anything {
		r.seen = v
		v = layerValue(v.layer, v.base)
	}
	if v, err = r.vector(v); err != nil {
		return "", errors.WithMessagef(err, "output %.100q", name)
	}
	if v.layer == model.Images {
		v, err = r.layer(r.unused("identity"), model.Flatten{}, v)
	}
	return v.layer, err
}

func (r *reader) layerNames() []string {
	var names []string
	for _, l := range r.spec.Layers {
		names = append(names, l.Name)
	}
	return names
}

// prune leaves only the layers that the last one depends on, and makes it the
// last.
func (r *reader) prune(last string) {
	wanted := map[string]bool{last: true}
	var kept []model.Layer
	for _, l := range slices.Backward(r.spec.Layers) {
		if wanted[l.Name] {
			kept = append(kept, l)
			for _, in := range l.Inputs {
				wanted[in] = true
			}
		}
	}
	slices.Reverse(kept)
	r.spec.Layers = kept
	before := model.Images
	for i, l := range kept { // a chain says no inputs
		if len(l.Inputs) == 1 && l.Inputs[0] == before {
			kept[i].Inputs = nil
		}
		before = l.Name
	}
	weights := model.NewWeights()
	if parameters, err := r.spec.Parameters(); err == nil { // the caller's check says what is wrong otherwise
		for _, p := range parameters {
			if t := r.weights.Get(p.Name); t != nil {
				weights.Set(p.Name, t)
			}
		}
		r.weights = weights
	}
}

// describe sets what Write says of a network beside its graph.
func (r *reader) describe(n *model.Network) error {
	for _, e := range []struct {
		key  string
		into any
	}{{keyClasses, &n.Classes}, {keyPrep, &n.Prep}} {
		text, ok := r.file.metadata[e.key]
		if !ok || r.until != "" {
			return nil
		}
		if err := json.Unmarshal([]byte(text), e.into); err != nil {
			return damaged("metadata %s: found %.60q", e.key, text)
		}
	}
	if err := n.CheckClasses(); err != nil {
		return damaged("metadata: %v", err)
	}
	return nil
}

func (r *reader) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func listed(args []arg) string {
	if len(args) == 0 {
		return ""
	}
	var names []string
	for _, a := range args[:min(len(args), 4)] {
		names = append(names, strconv.Quote(a.name))
	}
	return " (" + strings.Join(names, ", ") + ")"
}
