package model

import (
	"slices"

	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// Add is the sum of two layers: the end of a residual block.
type Add struct{}

// Multiply is the product of two layers, number by number: the gate of a
// squeeze-and-excitation block.
type Multiply struct{}

func (Add) String() string      { return "add" }
func (Multiply) String() string { return "multiply" }

func (Add) inputs() (least, most int)      { return 2, 2 }
func (Multiply) inputs() (least, most int) { return 2, 2 }

func (Add) output(in [][]int) ([]int, error)      { return broadcast(in) }
func (Multiply) output(in [][]int) ([]int, error) { return broadcast(in) }

func (Add) parameters([][]int) []Parameter      { return nil }
func (Multiply) parameters([][]int) []Parameter { return nil }

// broadcast returns the shape of two inputs taken together: their own, or where
// one has sides of 1, as [C,1,1] beside [C,H,W], the other's.
func broadcast(in [][]int) ([]int, error) {
	out := slices.Clone(in[0])
	for i, side := range in[1] {
		if len(in[1]) != len(out) || side != out[i] && side != 1 && out[i] != 1 {
			return nil, errors.Errorf("found inputs %v and %v, expected the same shape, or sides of 1 in one of them", in[0], in[1])
		}
		out[i] = max(out[i], side)
	}
	return out, nil
}

func (Add) absorbs(next []Kind, forwardOnly bool) int { return absorbsActivation(next, forwardOnly) }

func (Add) node(p *place) (*gorgonia.Node, error) {
	return graphop.Add(p.scope(), p.name, p.in[0], p.in[1], p.activation(), graphop.Operands{A: p.wantsInput(0), B: p.wantsInput(1)})
}

func (Multiply) node(p *place) (*gorgonia.Node, error) {
	return graphop.Multiply(p.scope(), p.name, p.in[0], p.in[1], graphop.Operands{A: p.wantsInput(0), B: p.wantsInput(1)})
}
