package train_test

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"reflect"
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/model"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
)

// TestByClass names the probabilities of a prediction.
func TestByClass(t *testing.T) {
	data, _ := sample(t, 10)
	n := &model.Network{Spec: small(), Weights: initial(t, small()), Classes: data.Classes, Prep: data.Prep}
	p, err := train.NewPredictor(n, 4)
	must(t, err)
	defer p.Close()
	must(t, p.Each(t.Context(), data, func(_ int, q train.Prediction) error {
		named, sum := p.ByClass(q), 0.0
		for _, v := range named {
			sum += v
		}
		if len(named) != 10 || named[q.Label] != q.Probability || math.Abs(sum-1) > 1e-9 {
			t.Errorf("found %v of %+v, expected the probability of each class", named, q)
		}
		return nil
	}))
}

// TestContents predicts files in memory, more than a batch, as their images are predicted
// one by one, and says of each bad one what is wrong.
func TestContents(t *testing.T) {
	data, _ := sample(t, 10)
	p, err := train.NewPredictor(&model.Network{Spec: small(), Weights: initial(t, small()), Classes: data.Classes, Prep: data.Prep}, 4)
	must(t, err)
	defer p.Close()
	var names []string
	var contents [][]byte
	want := map[int]train.Prediction{}
	wrong := map[int]error{2: dataset.ErrFormat, 5: dataset.ErrBlank}
	for i := range 12 {
		img := image.NewGray(image.Rect(0, 0, 28, 28))
		if wrong[i] == nil {
			copy(img.Pix, data.Image(i%10))
			want[i], err = p.Image(img)
			must(t, err)
		}
		var file bytes.Buffer
		must(t, png.Encode(&file, img))
		if wrong[i] == dataset.ErrFormat {
			file.Truncate(60)
		}
		names, contents = append(names, "file"), append(contents, file.Bytes())
	}
	answers, failed, err := p.Contents(t.Context(), names, contents)
	must(t, err)
	for i := range names {
		if !errors.Is(failed[i], wrong[i]) || wrong[i] == nil && !reflect.DeepEqual(answers[i], want[i]) {
			t.Errorf("file %d: found %v and the error %v, expected %v and %v", i, answers[i], failed[i], want[i], wrong[i])
		}
	}
	if _, _, err := p.Contents(t.Context(), names[1:], contents); !errors.Is(err, train.ErrData) {
		t.Errorf("found the error %v of too few names, expected an ErrData", err)
	}
}
