package report

import (
	"fmt"

	"github.com/dustin/go-humanize"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
)

// layerRow is a row of the table of layers.
type layerRow struct {
	Name, Kind, Output, Kernel, Parameters, State string
	Trained, Frozen                               bool
}

func rowOfLayer(l model.LayerInfo, training bool) layerRow {
	row := layerRow{Name: l.Name, Kind: l.Kind, Output: shape(l.Output)}
	if l.Kernel != nil {
		row.Kernel, row.Parameters = shape(l.Kernel), humanize.Comma(int64(l.Parameters))
	}
	switch {
	case !training:
	case l.Trained:
		row.State, row.Trained = "trained (variable)", true
	case l.Kernel != nil:
		row.State, row.Frozen = "frozen (constant)", true
	}
	if l.Cached && row.State == "" {
		row.State = "computed once"
	} else if l.Cached {
		row.State += ", computed once"
	}
	return row
}

// epochRow is a row of the table of epochs.
type epochRow struct {
	Epoch                              int
	Loss, Accuracy                     string
	ValidationLoss, ValidationAccuracy string
	Rate, Seconds, Speed               string
}

func rowOfEpoch(e train.EpochReport) epochRow {
	row := epochRow{
		Epoch: e.Epoch, Loss: fmt.Sprintf("%.4f", e.Loss), Accuracy: fmt.Sprintf("%.4f", e.Accuracy()),
		Rate: fmt.Sprintf("%.3g", e.Rate), Seconds: fmt.Sprintf("%.2f", e.Seconds),
		Speed: humanize.Comma(int64(float64(e.Examples) / e.Seconds)),
	}
	if v := e.Validation; v != nil {
		row.ValidationLoss, row.ValidationAccuracy = fmt.Sprintf("%.4f", v.Loss), fmt.Sprintf("%.4f", v.Accuracy())
	}
	return row
}
