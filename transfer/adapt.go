package transfer

import (
	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Adaptation says how Adapt changes a network.
type Adaptation struct {
	KeepHead bool            // with its own classes, which must be those of the data; otherwise with those of the data
	Trained  model.Selection // the layers that will be trained, a new head among them
	Seed     uint64          // of a new head
}

// Adapt prepares a trained network and data for each other: it returns data and
// test as the network takes them, and the network with a head for their classes.
// The network is a copy unless the head is kept, and has data among the images
// that it has seen. A nil test stays nil.
func Adapt(n *model.Network, data, test *dataset.Set, a Adaptation) (adapted *model.Network, fitted, fittedTest *dataset.Set, err error) {
	defer dataset.CatchUnreadable(&err)
	take := n.Prepare
	if a.KeepHead {
		take = n.FitAll
	}
	if fitted, err = take(data); err != nil {
		return nil, nil, nil, err
	}
	if test != nil {
		if fittedTest, err = take(test); err != nil {
			return nil, nil, nil, errors.WithMessage(err, "test images")
		}
	}
	adapted = n
	if !a.KeepHead {
		adapted, err = WithClasses(n, data.Classes, a.Trained, a.Seed)
	} else {
		err = n.Check()
	}
	if err != nil {
		return nil, nil, nil, err
	}
	adapted.Seen = n.Seen.And(fitted.Seen())
	return adapted, fitted, fittedTest, nil
}
