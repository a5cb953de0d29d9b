package weightfile

import (
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a protobuf message in a file.
type field struct {
	number protowire.Number
	kind   protowire.Type
	at     int64 // of its value
	length int64 // of its value
}

// identifyProtobuf says what a protobuf message is by the numbers of its
// fields; the format itself has no signature.
func identifyProtobuf(r io.ReaderAt, size int64) (Content, bool) {
	fields, whole := readFields(r, 0, size)
	kinds := map[protowire.Number]protowire.Type{}
	highest := protowire.Number(0)
	for _, f := range fields {
		kinds[f.number] = f.kind
		highest = max(highest, f.number)
	}
	is := func(n protowire.Number, kind protowire.Type) bool { found, ok := kinds[n]; return ok && found == kind }
	const number, message = protowire.VarintType, protowire.BytesType
	switch {
	case is(7, message) && (is(1, number) || is(8, message)) && highest < 100: // graph, ir_version, opset_import
		return Content{Format: ONNX, What: "an ONNX network", Advice: networkHint}, true
	case !whole:
		return Content{}, false
	case is(1, number) && is(2, message) && highest >= 200: // specificationVersion, description, a type of network
		return Content{What: "a Core ML network (.mlmodel)", Advice: onnxHint}, true
	case is(1, number) && is(2, message) && highest == 2: // saved_model_schema_version, meta_graphs
		return Content{What: "a TensorFlow SavedModel", Advice: savedModelHint}, true
	case is(1, message) && is(100, message): // name, layer
		return Content{What: "a Caffe network (.caffemodel)", Advice: onnxHint}, true
	case is(1, message) && highest <= 4 && isNode(r, fields[0]):
		return Content{What: "a TensorFlow graph (.pb)", Advice: graphHint}, true
	}
	return Content{}, false
}

// isNode reports whether a field is a TensorFlow node: it begins with its name
// and its operator.
func isNode(r io.ReaderAt, f field) bool {
	inner, _ := readFields(r, f.at, f.at+f.length)
	return f.number == 1 && len(inner) >= 2 && inner[0].number == 1 && inner[0].kind == protowire.BytesType && inner[1].number == 2 && inner[1].kind == protowire.BytesType
}

// readFields returns the first fields of the message from at to end, and
// whether it is one as far as they go. A field that is cut short is the last.
func readFields(r io.ReaderAt, at, end int64) (fields []field, whole bool) {
	const most = 200
	for at < end && len(fields) < most {
		var head [2 * 10]byte
		n, err := r.ReadAt(head[:min(int64(len(head)), end-at)], at)
		if err != nil && err != io.EOF {
			return fields, false
		}
		number, kind, used := protowire.ConsumeTag(head[:n])
		if used < 0 {
			return fields, false
		}
		f := field{number, kind, at + int64(used), 0}
		switch rest := head[used:n]; kind {
		case protowire.VarintType:
			_, used := protowire.ConsumeVarint(rest)
			f.length = int64(used)
		case protowire.BytesType:
			length, used := protowire.ConsumeVarint(rest)
			if used < 0 || length > math.MaxInt64/2 {
				return fields, false
			}
			f.at += int64(used)
			f.length = int64(length)
		case protowire.Fixed32Type:
			f.length = 4
		case protowire.Fixed64Type:
			f.length = 8
		default:
			return fields, false
		}
		if f.length < 0 {
			return fields, false
		}
		fields = append(fields, f)
		at = f.at + f.length
	}
	return fields, at <= end
}
