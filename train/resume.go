package train

import (
	"encoding/json"

	"github.com/lastlayer/lastlayer/model"
	"github.com/pkg/errors"
)

// Resumed is a training to continue by its recipe. Recipe.Differences tells
// whether another recipe would continue the same training.
type Resumed struct {
	Network    *model.Network // with the weights to continue with
	Checkpoint Checkpoint
	Recipe     Recipe
}

// Settings returns the recipe as Saver.Settings, for Resume.
func (r Recipe) Settings() (string, error) {
	text, err := json.Marshal(r)
	return string(text), errors.Wrap(err, metaSettings)
}

// Resume reads a training from what a Saver with a recipe's Settings wrote.
func Resume(path string) (*Resumed, error) {
	n, c, settings, err := ReadCheckpoint(path)
	if err != nil {
		return nil, err
	}
	if settings == "" {
		return nil, errors.Wrapf(ErrCheckpoint, "%s: found the state of a training without %s, expected those of its recipe", path, metaSettings)
	}
	recipe, err := ParseRecipe(settings)
	return &Resumed{n, c, recipe}, errors.Wrapf(err, "%s: %s", path, metaSettings)
}
