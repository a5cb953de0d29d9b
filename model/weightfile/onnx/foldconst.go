package onnx

func foldConstant(r *reader, n *operator, _ []*constant) ([]*constant, error) {
	if a, ok := n.attributes["value"]; ok && a.tensor != nil {
		c, err := a.tensor.constant(&r.budget, r.folder)
		return []*constant{c}, err
	}
	if a, ok := n.attributes["value_float"]; ok {
		return one(floatConstant(nil, []float32{a.number})), nil
	}
	if a, ok := n.attributes["value_floats"]; ok {
		return one(floatConstant([]int{len(a.floats)}, a.floats)), nil
	}
	if a, ok := n.attributes["value_int"]; ok {
		return one(intConstant(nil, []int64{a.whole})), nil
	}
	if a, ok := n.attributes["value_ints"]; ok {
		return one(intConstant([]int{len(a.ints)}, a.ints)), nil
	}
	return nil, unsupported("expected a constant of numbers")
}

func one(c *constant) []*constant { return []*constant{c} }

func floatConstant(shape []int, v []float32) *constant {
	return &constant{dtype: float32Type, shape: shape, floats: v}
}

func intConstant(shape []int, v []int64) *constant {
	return &constant{dtype: int64Type, shape: shape, ints: both(v)}
}

func foldConstantOfShape(r *reader, n *operator, in []*constant) ([]*constant, error) {
	c, err := input(in, 0)
	if err != nil {
		return nil, err
	}
	dims, err := c.numbers()
	if err != nil {
		return nil, err
	}
	shape, err := sides(dims)
	if err != nil || len(shape) > maxRank {
		return nil, damaged("found shape %v, expected at most %d sides from 0", dims, maxRank)
	}
	value := floatConstant(nil, []float32{0})
	if a, ok := n.attributes["value"]; ok && a.tensor != nil {
		if value, err = a.tensor.constant(&r.budget, r.folder); err != nil {
			return nil, err
		}
		if value.size() != 1 {
			return nil, damaged("found %d values, expected 1", value.size())
		}
	}
	if value.dtype.isFloat() {
		return one(&constant{dtype: value.dtype, shape: shape, floats: value.floats, uniform: true}), nil
	}
	if err := r.budget.derive(product(shape)); err != nil {
		return nil, err
	}
	return one(value.pick(shape, make([]int, product(shape)))), nil
}
