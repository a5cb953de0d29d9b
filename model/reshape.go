package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Flatten takes [C,H,W] as [C·H·W].
type Flatten struct{}

// Pad puts rows and columns around each channel of [C,H,W].
type Pad struct {
	Pad   Sides   `json:"pad,omitzero"`    // [top,left,bottom,right]
	Mode  string  `json:"mode,omitempty"`  // "constant" (the default), "reflect" or "edge"
	Value float64 `json:"value,omitempty"` // of constant padding
}

func (Flatten) String() string { return "flatten" }
func (Pad) String() string     { return "pad" }

func (Flatten) shapeOnly() {}

func (Flatten) parameters([][]int) []Parameter { return nil }
func (Pad) parameters([][]int) []Parameter     { return nil }

func (Flatten) output(in [][]int) ([]int, error) { return []int{size(in[0])}, nil }

var padModes = map[string]graphop.PadMode{"": graphop.PadConstant, "constant": graphop.PadConstant, "reflect": graphop.PadReflect, "edge": graphop.PadEdge}

func (k Pad) output(in [][]int) ([]int, error) {
	if len(in[0]) != 3 {
		return nil, errors.Errorf("found input %v, expected [C,H,W]", in[0])
	}
	if err := k.Pad.check("pad", 4, 0, false); err != nil {
		return nil, err
	}
	mode, ok := padModes[k.Mode]
	if !ok || !finite(k.Value) {
		return nil, errors.Errorf("found mode %.20q and value %v, expected constant, reflect or edge, and a finite number", k.Mode, k.Value)
	}
	pad := k.Pad.around()
	if mode == graphop.PadReflect && (max(pad[0], pad[2]) >= in[0][1] || max(pad[1], pad[3]) >= in[0][2]) {
		return nil, errors.Errorf("found pad %v of mode reflect, expected each below its side of the image, %v", pad, in[0][1:])
	}
	return []int{in[0][0], in[0][1] + pad[0] + pad[2], in[0][2] + pad[1] + pad[3]}, nil
}

func (Flatten) node(p *place) (*gorgonia.Node, error) {
	return graphop.Flatten(p.scope(), p.name, p.in[0], p.wantsInput(0)) // [N,C·H·W]
}

func (k Pad) node(p *place) (*gorgonia.Node, error) {
	return graphop.Pad(p.scope(), p.name, p.in[0], k.Pad.around(), padModes[k.Mode], float32(k.Value), p.wantsInput(0)) // [N,C,H',W']
}
