package onnx

import "github.com/lastlayer/lastlayer/model"

func init() {
	register(map[string]reading{
		"BatchNormalization": (*reader).batchNorm,
		"LayerNormalization": (*reader).layerNorm,
		"PRelu":              (*reader).prelu,
	}, map[string]writing{
		"batchnorm": writeBatchNorm,
		"layernorm": writeLayerNorm,
		"prelu":     writePReLU,
	})
}

// channels returns the channels of what batch normalisation and PReLU are on:
// axis 1 of the graph's array.
func channels(v *value) (int, error) {
	if len(v.shape) == 0 || !v.isChannels(0) {
		return 0, unsupported("found an input of %v, expected the channels first", v.shape)
	}
	return v.base[0], nil
}

func (r *reader) batchNorm(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	c, err := channels(v)
	if err != nil {
		return nil, err
	}
	if n.whole("training_mode", 0) != 0 || n.whole("spatial", 1) == 0 {
		return nil, unsupported("found training_mode or statistics for each pixel, expected stored statistics for each channel: export the network in evaluation mode")
	}
	name := r.nameFor(n, n.weightName(1))
	for i, part := range []string{"scale", "bias", "mean", "variance"} {
		w, err := weightInput(in, i+1, false)
		if err == nil {
			err = r.set(name, part, []int{c}, w)
		}
		if err != nil {
			return nil, err
		}
	}
	out, err := r.layer(name, model.BatchNorm{Eps: n.number("epsilon", 1e-5)}, v)
	if err != nil {
		return nil, err
	}
	return []*value{v.seenAs(out.layer)}, nil
}

func (r *reader) layerNorm(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	k, err := imageAxis(n.whole("axis", -1), v)
	if err != nil {
		return nil, err
	}
	seen := v
	switch {
	case k == len(v.shape)-1 && v.isChannels(k):
	case k == 0: // over all numbers of an image
		if v, err = r.vector(v); err != nil {
			return nil, err
		}
	default:
		return nil, unsupported("found axis %d of an input of %v, expected the channels alone, or all", k+1, v.shape)
	}
	name := r.nameFor(n, n.weightName(1))
	shape := []int{v.base[0]}
	for i, part := range []string{"scale", "bias"} {
		w, err := weightInput(in, i+1, true)
		if w == nil && err == nil {
			w = &constant{dtype: float32Type, shape: shape, floats: []float32{float32(1 - i)}, uniform: true}
		}
		if err == nil {
			err = r.set(name, part, shape, w)
		}
		if err != nil {
			return nil, err
		}
	}
	out, err := r.layer(name, model.LayerNorm{Eps: n.number("epsilon", 1e-5)}, v)
	if err != nil {
		return nil, err
	}
	r.foldsIn[name] = len(in) == 1 // scale and bias may follow as a product and a sum
	if v != seen && len(v.base) == 1 {
		return []*value{out.reshape(seen.shape)}, nil
	}
	return []*value{v.seenAs(out.layer)}, nil
}

func (r *reader) prelu(n *operator, in []*value) ([]*value, error) {
	v, err := layerInput(in, 0)
	if err != nil {
		return nil, err
	}
	slope, err := weightInput(in, 1, false)
	if err != nil {
		return nil, err
	}
	kind := model.PReLU{Shared: slope.size() == 1}
	shape := []int{1}
	if !kind.Shared {
		if r.file.opset < 7 && len(slope.shape) == 1 { // a slope for each channel, before it was broadcast
			slope = slope.reshaped(append([]int{slope.size()}, make([]int, len(v.shape)-1)...))
			for i := range slope.shape[1:] {
				slope.shape[i+1] = 1
			}
		}
		if slope, err = r.perChannel(slope, v); err != nil {
			return nil, err
		}
		shape = []int{v.base[0]}
	}
	name := r.nameFor(n, n.weightName(1))
	if err := r.set(name, "slope", shape, slope); err != nil {
		return nil, err
	}
	out, err := r.layer(name, kind, v)
	if err != nil {
		return nil, err
	}
	return []*value{v.seenAs(out.layer)}, nil
}

func writePReLU(w *writer, l model.Layer, in []array) {
	slope := l.Name + "/slope"
	if !l.Kind.(model.PReLU).Shared && len(in[0].shape) == 3 {
		w.shapes[slope] = []int{in[0].shape[0], 1, 1}
	}
	w.add("PRelu", l, in).weights = []string{slope}
}

func writeBatchNorm(w *writer, l model.Layer, in []array) {
	n := w.add("BatchNormalization", l, in, float("epsilon", l.Kind.(model.BatchNorm).Eps))
	n.weights = []string{l.Name + "/scale", l.Name + "/bias", l.Name + "/mean", l.Name + "/variance"}
}

// writeLayerNorm writes an operator of opset 17, on the last axis: channels are
// put there and back.
func writeLayerNorm(w *writer, l model.Layer, in []array) {
	w.opset = max(w.opset, 17)
	weights := []string{l.Name + "/scale", l.Name + "/bias"}
	eps := float("epsilon", l.Kind.(model.LayerNorm).Eps)
	if len(in[0].shape) == 1 {
		w.add("LayerNormalization", l, in, eps).weights = weights
		return
	}
	last := w.step("Transpose", l, "last", names(in), ints("perm", []int{0, 2, 3, 1}))
	n := w.addAs("LayerNormalization", l.Name+"/norm", []string{last}, eps)
	n.weights = weights
	w.addAs("Transpose", l.Name+"/out", []string{n.output}, ints("perm", []int{0, 3, 1, 2}))
}
