package onnx

import "slices"

// channelsLast reports whether the images, of that rank without the batch, are
// [N,H,W,C], as what reads them first tells: a Transpose to [N,C,H,W], or an
// operator that takes the last axis for the channels.
func (r *reader) channelsLast(name string, rank int, nodes []*operator) bool {
	same := map[string]bool{name: true} // the images, changed number by number
	hint := false
	for _, n := range nodes {
		i := slices.IndexFunc(n.inputs, func(in string) bool { return same[in] })
		if i < 0 {
			continue
		}
		switch n.kind {
		case "Transpose":
			perm := n.attributes["perm"].ints
			return len(perm) == rank+1 && perm[0] == 0 && perm[1] == int64(rank) && slices.IsSorted(perm[2:])
		case "LayerNormalization":
			k := n.whole("axis", -1)
			return k == -1 || k == int64(rank)
		case "MatMul":
			return true
		case "ReduceMean", "ReduceMax":
			list, err := option(n, "axes", r.knownInputs(n), 1)
			return err == nil && len(list) > 0 && !slices.Contains(list, -1) && !slices.Contains(list, int64(rank))
		case "Add", "Sub", "Mul", "Div", "PRelu":
			hint = hint || r.file.opset >= 7 && len(n.inputs) == 2 && alongLast(r.dims(n.inputs[1-i]))
		case "Cast", "Identity", "Relu", "Clip", "Sigmoid", "Tanh", "LeakyRelu":
		default:
			return hint
		}
		for _, out := range n.outputs {
			same[out] = true
		}
	}
	return hint
}

// alongLast reports whether an array differs along its last axis alone.
func alongLast(dims []int64) bool {
	return len(dims) > 0 && dims[len(dims)-1] > 1 && !slices.ContainsFunc(dims[:len(dims)-1], func(side int64) bool { return side != 1 })
}

// tensor returns a constant of the file before anything is computed, or nil.
func (r *reader) tensor(name string) *initial {
	if t := r.file.initializers[name]; t != nil {
		return t
	}
	if n := r.made[name]; n != nil && n.kind == "Constant" {
		return n.attributes["value"].tensor
	}
	return nil
}

func (r *reader) dims(name string) []int64 {
	if t := r.tensor(name); t != nil {
		return t.dims
	}
	return nil
}

// knownInputs returns those inputs that are small constants of the file, the
// others as nil.
func (r *reader) knownInputs(n *operator) []*constant {
	list := make([]*constant, len(n.inputs))
	for i, name := range n.inputs {
		if t := r.tensor(name); t != nil && len(t.dims) <= 1 && t.external == nil {
			list[i], _ = t.constant(&r.budget, "") // a damaged one is found when it is used
		}
	}
	return list
}
