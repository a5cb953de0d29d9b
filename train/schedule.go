package train

import (
	"math"

	"github.com/pkg/errors"
)

// A Schedule is the factor on the learning rate at step (from 0) of total.
type Schedule func(step, total int) float64

// ConstantRate leaves the learning rate as it is.
func ConstantRate(int, int) float64 { return 1 }

// CosineRate falls from 1 to 0 along half a cosine (Loshchilov and Hutter 2017,
// https://arxiv.org/abs/1608.03983, equation 5, without restarts).
func CosineRate(step, total int) float64 {
	return (1 + math.Cos(math.Pi*float64(step)/float64(total))) / 2
}

// SteppedRate divides the learning rate by ten after half and after three quarters
// of the steps.
func SteppedRate(step, total int) float64 {
	switch {
	case 4*step >= 3*total:
		return 0.01
	case 2*step >= total:
		return 0.1
	}
	return 1
}

// ParseSchedule returns the schedule of that name: constant, step or cosine.
func ParseSchedule(name string) (Schedule, error) {
	switch name {
	case "constant":
		return ConstantRate, nil
	case "step":
		return SteppedRate, nil
	case "cosine":
		return CosineRate, nil
	}
	return nil, errors.Errorf("schedule: found %q, expected constant, step or cosine", name)
}
