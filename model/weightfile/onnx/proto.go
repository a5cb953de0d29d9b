package onnx

import "strings"

// Bounds on what a file may hold, so that decoding takes memory in proportion to
// the file.
const (
	maxNodes        = 1 << 16
	maxInitializers = 1 << 17
	maxRank         = 8
	maxAttributes   = 64
)

// file is a decoded ModelProto.
type file struct {
	opset        int
	metadata     map[string]string
	nodes        []*operator
	initializers map[string]*initial
	inputs       []arg
	outputs      []arg
}

// operator is a NodeProto, or what rewriting made of several.
type operator struct {
	name, kind, domain string
	was                string // its kind in the file, where rewriting changed it
	inputs, outputs    []string
	attributes         map[string]attribute
}

// attribute is an AttributeProto; graphs are passed over.
type attribute struct {
	number float32
	whole  int64
	text   string
	tensor *initial
	floats []float32
	ints   []int64
}

// arg is a ValueInfoProto: an input or output of the graph.
type arg struct {
	name   string
	tensor bool
	dtype  dataType
	sides  []int64 // 0 for one that the file leaves open
}

// initial is a TensorProto whose numbers are not decoded yet.
type initial struct {
	name     string
	dtype    dataType
	dims     []int64
	raw      []byte
	floats   []float32
	ints     []int64
	external map[string]string // nil: the numbers are in the file
}

func decodeModel(data []byte) (*file, error) {
	f := &file{metadata: map[string]string{}, initializers: map[string]*initial{}}
	graphs := 0
	err := eachField(data, func(e field) error {
		switch e.number {
		case 7:
			graphs++
			return f.decodeGraph(e.bytes)
		case 8:
			return f.decodeOpset(e.bytes)
		case 14:
			key, value, err := decodeEntry(e.bytes)
			f.metadata[key] = value
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case graphs != 1 || len(f.outputs) == 0:
		return nil, damaged("found %d graphs and %d outputs, expected one graph with an output", graphs, len(f.outputs))
	case f.opset < 1:
		return nil, damaged("found opset %d, expected one from 1", f.opset)
	}
	return f, nil
}

// decodeOpset takes the version of the default domain.
func (f *file) decodeOpset(m []byte) error {
	domain, version := "", 0
	err := eachField(m, func(e field) error {
		switch e.number {
		case 1:
			domain = string(e.bytes)
		case 2:
			version = int(min(e.varint, 1<<20))
		}
		return nil
	})
	if defaultDomain(domain) {
		f.opset = version
	}
	return err
}

func defaultDomain(domain string) bool { return domain == "" || domain == "ai.onnx" }

func decodeEntry(m []byte) (key, value string, err error) {
	err = eachField(m, func(e field) error {
		switch e.number {
		case 1:
			key = string(e.bytes)
		case 2:
			value = string(e.bytes)
		}
		return nil
	})
	return key, value, err
}

func (f *file) decodeGraph(m []byte) error {
	return eachField(m, func(e field) error {
		switch e.number {
		case 1:
			n, err := decodeNode(e.bytes)
			if f.nodes = append(f.nodes, n); len(f.nodes) > maxNodes {
				return damaged("found more than %d nodes", maxNodes)
			}
			return err
		case 5:
			t, err := decodeInitial(e.bytes)
			if err != nil {
				return err
			}
			if f.initializers[t.name] != nil || t.name == "" || len(f.initializers) >= maxInitializers {
				return damaged("initializer %.100q: expected a name that no other has, and at most %d", t.name, maxInitializers)
			}
			f.initializers[t.name] = t
		case 11, 12:
			a, err := decodeArg(e.bytes)
			if e.number == 11 {
				f.inputs = append(f.inputs, a)
			} else {
				f.outputs = append(f.outputs, a)
			}
			return err
		case 15:
			return unsupported("found sparse initializers, expected dense ones")
		}
		return nil
	})
}

func decodeNode(m []byte) (*operator, error) {
	n := &operator{attributes: map[string]attribute{}}
	err := eachField(m, func(e field) error {
		switch e.number {
		case 1:
			n.inputs = append(n.inputs, string(e.bytes))
		case 2:
			n.outputs = append(n.outputs, string(e.bytes))
		case 3:
			n.name = string(e.bytes)
		case 4:
			n.kind = string(e.bytes)
		case 5:
			name, a, err := decodeAttribute(e.bytes)
			if n.attributes[name] = a; len(n.attributes) > maxAttributes {
				return damaged("node %.100q: found more than %d attributes", n.name, maxAttributes)
			}
			return err
		case 7:
			n.domain = string(e.bytes)
		}
		return nil
	})
	return n, err
}

func decodeAttribute(m []byte) (name string, a attribute, err error) {
	err = eachField(m, func(e field) (err error) {
		switch e.number {
		case 1:
			name = string(e.bytes)
		case 2:
			list, err := field{number: 2, kind: e.kind, varint: e.varint}.floats(nil)
			a.number = append(list, 0)[0]
			return err
		case 3:
			a.whole = int64(e.varint)
		case 4:
			a.text = string(e.bytes)
		case 5:
			a.tensor, err = decodeInitial(e.bytes)
		case 7:
			a.floats, err = e.floats(a.floats)
		case 8:
			a.ints, err = e.ints(a.ints)
		}
		return err
	})
	return name, a, err
}

// where says which node it is, for errors.
func (n *operator) where() string {
	name := n.name
	if name == "" && len(n.outputs) > 0 {
		name = n.outputs[0]
	}
	return strings.ToValidUTF8(name, "?")
}

// whole returns an integer attribute, or its default.
func (n *operator) whole(name string, byDefault int64) int64 {
	if a, ok := n.attributes[name]; ok {
		return a.whole
	}
	return byDefault
}

// number returns a float attribute, or its default.
func (n *operator) number(name string, byDefault float32) float64 {
	if a, ok := n.attributes[name]; ok {
		return decimal(a.number)
	}
	return decimal(byDefault)
}
