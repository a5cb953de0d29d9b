package command

import (
	"context"
	"image"
	"io"
	"slices"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

func newPredict(g *globals) *cobra.Command {
	var file string
	var source sourceFlags
	cmd := &cobra.Command{
		Use:   "predict IMAGE...",
		Short: "Say what is on PNG or JPEG images",
		Long: `predict brings each image, of any size and colours, to the form of the images
that trained the network, MNIST's or photos, and prints its class. "-" reads one
image from standard input. A file that is no image is said on standard error and
the others follow; the exit status is 1 then.`,
		Example: g.example("predict --model retrained.safetensors seven.png nine.jpg\npredict --model digits.safetensors --json - < three.png",
			"predict --model mine.safetensors new.jpg\npredict --model mobilenet.onnx --labels labels.txt --prepare tf --json - < new.jpg"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(errors.New("predict: no image given"))
			}
			if i := slices.Index(args, "-"); i >= 0 && slices.Contains(args[i+1:], "-") {
				return usage(errors.New("-: standard input holds one image"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPredict(cmd, newOutput(cmd, g), file, source, args)
		},
	}
	cmd.Flags().StringVar(&file, "model", "", formats)
	source.add(cmd)
	return cmd
}

// predictLine is the result for one image in --json.
type predictLine struct {
	File          string             `json:"file"`
	Label         string             `json:"label"`
	Probability   float64            `json:"probability"`
	Probabilities map[string]float64 `json:"probabilities"`
	Note          string             `json:"note,omitempty"` // what is doubtful about the drawing
}

func runPredict(cmd *cobra.Command, out *output, file string, source sourceFlags, images []string) error {
	if file == "" {
		return out.program.noNetwork("model")
	}
	m, err := source.open(cmd.Context(), out, file)
	if err != nil {
		return err
	}
	if digit := []int{1, 28, 28}; !m.Prep.IsPhoto() && !slices.Equal(m.Spec.Input, digit) {
		return errors.Errorf("%s: the network takes images of %v, predict makes images of %v", file, m.Spec.Input, digit)
	}
	p, err := train.NewPredictor(m, 1)
	if err != nil {
		return err
	}
	defer p.Close()
	bad := 0
	for _, name := range images {
		q, err := predict(cmd.Context(), p, name, cmd.InOrStdin())
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		if err != nil && len(images) == 1 {
			return err
		}
		if err != nil {
			out.failure(err)
			bad++
			continue
		}
		line := predictLine{File: name, Label: q.Label, Probability: q.Probability, Probabilities: p.ByClass(q), Note: q.Note}
		out.text("%s: %s (%.1f%%)", name, line.Label, 100*line.Probability)
		if q.Note != "" {
			out.warn("%s: %s", name, q.Note)
		}
		if err := out.object(line); err != nil {
			return err
		}
	}
	if bad > 0 {
		return errors.Errorf("%d of %d images have no answer", bad, len(images))
	}
	return nil
}

// predict says what one image file shows, or standard input for "-".
func predict(ctx context.Context, p *train.Predictor, name string, stdin io.Reader) (q train.Prediction, err error) {
	var img image.Image
	if name == "-" {
		img, err = dataset.ReadImageFrom(ctx, stdin, name)
	} else {
		img, err = dataset.ReadImage(ctx, name)
	}
	if err == nil {
		q, err = p.Image(img)
		err = errors.Wrap(err, name)
	}
	return q, err
}
