package model

import (
	"github.com/lastlayer/lastlayer/model/graphop"
	"github.com/pkg/errors"
	"gorgonia.org/gorgonia"
)

// The activations: functions of one number, of an input of any shape.
type (
	// ReLU is max(0, x). Its derivative at 0 is 0.
	ReLU struct{ pointwise }
	// Clip is min(Max, max(Min, x)); with 0 and 6 it is ReLU6.
	Clip struct {
		pointwise
		Min float64 `json:"min"`
		Max float64 `json:"max"` // above Min
	}
	// LeakyReLU is x where that is above 0, elsewhere Slope·x.
	LeakyReLU struct {
		pointwise
		Slope float64 `json:"slope"`
	}
	// Sigmoid is 1/(1+exp(−x)).
	Sigmoid struct{ pointwise }
	// Tanh is the hyperbolic tangent.
	Tanh struct{ pointwise }
	// HardSigmoid is min(1, max(0, Alpha·x + Beta)). PyTorch's has 1/6 and 0.5.
	HardSigmoid struct {
		pointwise
		Alpha float64 `json:"alpha"`
		Beta  float64 `json:"beta"`
	}
	// SiLU, or swish, is x·sigmoid(x).
	SiLU struct{ pointwise }
	// HardSwish is x·min(1, max(0, x/6 + 1/2)).
	HardSwish struct{ pointwise }
	// GELU is x·Φ(x), Φ the normal distribution's (Hendrycks and Gimpel 2016,
	// https://arxiv.org/abs/1606.08415), or its approximation by tanh.
	GELU struct {
		pointwise
		Tanh bool `json:"tanh,omitempty"`
	}
)

// pointwise is what activations have in common.
type pointwise struct{}

func (pointwise) output(in [][]int) ([]int, error) { return in[0], nil }
func (pointwise) parameters([][]int) []Parameter   { return nil }

// activator is a kind that graphop computes as an Activation, and may fuse into
// the layer before it.
type activator interface {
	Kind
	activation() graphop.Activation
}

func (ReLU) activation() graphop.Activation   { return graphop.Rectify() }
func (c Clip) activation() graphop.Activation { return graphop.Clip(float32(c.Min), float32(c.Max)) }
func (l LeakyReLU) activation() graphop.Activation {
	return graphop.Leaky(float32(l.Slope))
}
func (Sigmoid) activation() graphop.Activation { return graphop.Sigmoid() }
func (Tanh) activation() graphop.Activation    { return graphop.Tanh() }
func (h HardSigmoid) activation() graphop.Activation {
	return graphop.HardSigmoid(float32(h.Alpha), float32(h.Beta))
}
func (SiLU) activation() graphop.Activation      { return graphop.SiLU() }
func (HardSwish) activation() graphop.Activation { return graphop.HardSwish() }
func (g GELU) activation() graphop.Activation {
	if g.Tanh {
		return graphop.GELUTanh()
	}
	return graphop.GELU()
}

func (ReLU) String() string        { return "relu" }
func (Clip) String() string        { return "clip" }
func (LeakyReLU) String() string   { return "leakyrelu" }
func (Sigmoid) String() string     { return "sigmoid" }
func (Tanh) String() string        { return "tanh" }
func (HardSigmoid) String() string { return "hardsigmoid" }
func (SiLU) String() string        { return "silu" }
func (HardSwish) String() string   { return "hardswish" }
func (GELU) String() string        { return "gelu" }

func (ReLU) firstVersion() bool { return true }

func (c Clip) output(in [][]int) ([]int, error) {
	if !(c.Min < c.Max) || !finite(c.Min) || !finite(c.Max) {
		return nil, errors.Errorf("found min %v and max %v, expected two numbers, the second above the first", c.Min, c.Max)
	}
	return in[0], nil
}
func (l LeakyReLU) output(in [][]int) ([]int, error) {
	if !finite(l.Slope) {
		return nil, errors.Errorf("found slope %v, expected a finite number", l.Slope)
	}
	return in[0], nil
}
func (h HardSigmoid) output(in [][]int) ([]int, error) {
	if !finite(h.Alpha) || !finite(h.Beta) {
		return nil, errors.Errorf("found alpha %v and beta %v, expected finite numbers", h.Alpha, h.Beta)
	}
	return in[0], nil
}

func (k ReLU) node(p *place) (*gorgonia.Node, error)        { return activate(p, k) }
func (k Clip) node(p *place) (*gorgonia.Node, error)        { return activate(p, k) }
func (k LeakyReLU) node(p *place) (*gorgonia.Node, error)   { return activate(p, k) }
func (k Sigmoid) node(p *place) (*gorgonia.Node, error)     { return activate(p, k) }
func (k Tanh) node(p *place) (*gorgonia.Node, error)        { return activate(p, k) }
func (k HardSigmoid) node(p *place) (*gorgonia.Node, error) { return activate(p, k) }
func (k SiLU) node(p *place) (*gorgonia.Node, error)        { return activate(p, k) }
func (k HardSwish) node(p *place) (*gorgonia.Node, error)   { return activate(p, k) }
func (k GELU) node(p *place) (*gorgonia.Node, error)        { return activate(p, k) }

func activate(p *place, k activator) (*gorgonia.Node, error) {
	return graphop.Activate(p.scope(), p.name, p.in[0], k.activation(), p.wantsInput(0)) // its input's shape
}

// absorbsActivation returns 1 when an activation comes next that can be fused,
// otherwise 0. Where a gradient passes, its derivative must be known from its
// output.
func absorbsActivation(next []Kind, forwardOnly bool) int {
	if len(next) > 0 {
		if k, ok := next[0].(activator); ok && (forwardOnly || k.activation().FromOutput()) {
			return 1
		}
	}
	return 0
}

// activation returns the activation that this node computes too: none, or the
// one that is absorbed.
func (p *place) activation() graphop.Activation {
	for _, l := range p.absorbed {
		if k, ok := l.Kind.(activator); ok {
			return k.activation()
		}
	}
	return graphop.Activation{}
}

func finite(v float64) bool { return v-v == 0 }
