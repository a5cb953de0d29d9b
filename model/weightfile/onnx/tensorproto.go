package onnx

func decodeInitial(m []byte) (*initial, error) {
	t := &initial{}
	err := eachField(m, func(e field) (err error) {
		switch e.number {
		case 1:
			if t.dims, err = e.ints(t.dims); len(t.dims) > maxRank {
				return damaged("tensor %.100q: found more than %d dimensions", t.name, maxRank)
			}
		case 2:
			t.dtype = dataType(min(e.varint, 1<<16))
		case 4:
			t.floats, err = e.floats(t.floats)
		case 5, 7, 11:
			t.ints, err = e.ints(t.ints)
		case 8:
			t.name = string(e.bytes)
		case 9:
			t.raw = e.bytes
		case 10:
			t.floats, err = e.doubles(t.floats)
		case 13:
			key, value, err := decodeEntry(e.bytes)
			if t.external == nil {
				t.external = map[string]string{}
			}
			if t.external[key] = value; len(t.external) > maxAttributes {
				return damaged("tensor %.100q: found more than %d entries about its place", t.name, maxAttributes)
			}
			return err
		case 14:
			if e.varint == 1 && t.external == nil {
				t.external = map[string]string{}
			}
		}
		return err
	})
	return t, err
}

func decodeArg(m []byte) (arg, error) {
	a := arg{}
	err := eachField(m, func(e field) error {
		switch e.number {
		case 1:
			a.name = string(e.bytes)
		case 2: // TypeProto
			return eachField(e.bytes, func(e field) error {
				if e.number != 1 {
					return nil
				}
				a.tensor = true
				return eachField(e.bytes, a.decodeTensorType)
			})
		}
		return nil
	})
	return a, err
}

// decodeTensorType takes a field of a TypeProto.Tensor.
func (a *arg) decodeTensorType(e field) error {
	switch e.number {
	case 1:
		a.dtype = dataType(min(e.varint, 1<<16))
	case 2: // TensorShapeProto
		return eachField(e.bytes, func(e field) error {
			if e.number != 1 {
				return nil
			}
			if len(a.sides) >= maxRank {
				return damaged("%.100q: found more than %d dimensions", a.name, maxRank)
			}
			side := int64(0)
			err := eachField(e.bytes, func(e field) error {
				if e.number == 1 {
					side = int64(e.varint)
				}
				return nil
			})
			a.sides = append(a.sides, side)
			return err
		})
	}
	return nil
}
