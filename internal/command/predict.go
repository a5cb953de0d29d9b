package command

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// predictFlags are the flags of predict.
type predictFlags struct {
	model string
	sourceFlags
	top       int
	threshold float64
	csv       bool
}

func newPredict(g *globals) *cobra.Command {
	var p predictFlags
	cmd := &cobra.Command{
		Use:   "predict IMAGE...",
		Short: "Classify images",
		Long: `predict prepares each image, of any size and colours, as the network's training
images were, and prints its class. An argument may be a folder: its images are
taken, and those of the folders in it; "-" reads one image from standard input.
For an image that cannot be read it prints an error and goes on with the others;
the exit status is then 1. Where files had no answer or were not images, a last
line of --json counts them.

A network knows only its classes, and names one of them whatever it sees. With
--threshold it says "none of these" when no class is probable enough. The right
value depends on the network: try some on images that show none of its classes,
and on images that do.`,
		Example: g.example("predict --model retrained.safetensors seven.png nine.jpg\npredict --model digits.safetensors --json - < three.png",
			"predict --model mine.safetensors new.jpg\npredict --model mine.safetensors --top 3 --threshold 0.6 --csv new-photos/ > answers.csv\npredict --model mobilenet.onnx --labels labels.txt --prepare tf --json - < new.jpg"),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(errors.New("predict: no image given"))
			}
			if slices.Contains(args, "") {
				return usage(errors.New("predict: found an image without a name"))
			}
			if i := slices.Index(args, "-"); i >= 0 && slices.Contains(args[i+1:], "-") {
				return usage(errors.New("-: standard input holds one image"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPredict(cmd, newOutput(cmd, g), p, args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&p.model, "model", "", formats)
	p.sourceFlags.add(cmd)
	f.IntVar(&p.top, "top", 1, "print the K most probable classes")
	f.Float64Var(&p.threshold, "threshold", 0, "say \""+train.NoneOfThese+"\" when no class reaches this probability, 0 to 1")
	f.BoolVar(&p.csv, "csv", false, "print a table: file, label, probability, and further classes of --top; a cell that a spreadsheet would run as a formula begins with an apostrophe")
	return cmd
}

// predictLine is the result for one image in --json.
type predictLine struct {
	File          string             `json:"file"`
	Label         string             `json:"label"`
	Probability   float64            `json:"probability"`
	Probabilities map[string]float64 `json:"probabilities"`
	Note          string             `json:"note,omitempty"`          // what is doubtful about the drawing
	Top           []train.Answer     `json:"top,omitempty"`           // of --top
	NoneOfThese   bool               `json:"none_of_these,omitempty"` // by --threshold: label is no class
}

func runPredict(cmd *cobra.Command, out *output, flags predictFlags, args []string) error {
	switch {
	case flags.model == "":
		return out.program.noNetwork("model")
	case flags.top < 1:
		return usage(errors.Errorf("--top: found %d, expected from 1", flags.top))
	case !(flags.threshold >= 0 && flags.threshold <= 1):
		return usage(errors.Errorf("--threshold: found %v, expected 0 to 1", flags.threshold))
	case flags.csv && out.json:
		return usage(errors.New("--csv: does not go with --json"))
	}
	m, err := flags.open(cmd.Context(), out, flags.model)
	if err != nil {
		return err
	}
	if digit := []int{1, 28, 28}; !m.Prep.IsPhoto() && !slices.Equal(m.Spec.Input, digit) {
		return errors.Errorf("%s: the network takes images of %v, predict makes images of %v", flags.model, m.Spec.Input, digit)
	}
	p, err := train.NewPredictor(m, 1)
	if err != nil {
		return err
	}
	defer p.Close()
	p.Threshold = flags.threshold
	images, others, bad, err := imagesOf(cmd.Context(), out, args)
	if err != nil {
		return err
	}
	t := answers{predictFlags: flags, out: out, p: p, of: len(images) + bad, bad: bad}
	if flags.csv {
		t.heading(min(flags.top, len(m.Classes)))
	}
	before, after, fromInput := images, []string(nil), false
	if i := slices.Index(images, "-"); i >= 0 {
		before, after, fromInput = images[:i], images[i+1:], true
	}
	if err := p.Files(cmd.Context(), before, t.tell); err != nil {
		return err
	}
	if fromInput {
		var q train.Prediction
		img, err := dataset.ReadImageFrom(cmd.Context(), cmd.InOrStdin(), "-")
		if err == nil {
			q, err = p.Image(img)
			err = errors.Wrap(err, "-")
		}
		if err := cmd.Context().Err(); err != nil {
			return err
		}
		if err := t.tell("-", q, err); err != nil {
			return err
		}
	}
	if err := p.Files(cmd.Context(), after, t.tell); err != nil {
		return err
	}
	if t.bad > 0 || others > 0 {
		if err := out.object(predictDone{Done: true, Answered: t.of - t.bad, Bad: t.bad, NotImages: others}); err != nil {
			return err
		}
	}
	if t.bad > 0 {
		return errors.Errorf("%d of %d images have no answer", t.bad, t.of)
	}
	return nil
}

// predictDone is the last line of predict in --json where not all files have an answer.
type predictDone struct {
	Done      bool `json:"done"`
	Answered  int  `json:"answered"`
	Bad       int  `json:"bad_files"`   // images that cannot be read, and folders without images
	NotImages int  `json:"other_files"` // in folders
}

// imagesOf returns the arguments, with the images of each folder in its place, how
// many files of folders are not images, and how many folders have no images: each is
// reported, and an error if it is the only argument.
func imagesOf(ctx context.Context, out *output, args []string) (images []string, others, bad int, err error) {
	for _, arg := range args {
		if info, err := os.Stat(arg); arg == "-" || err != nil || !info.IsDir() {
			images = append(images, arg)
			continue
		}
		found, skipped, err := dataset.ImagesIn(ctx, arg)
		if err != nil {
			return nil, 0, 0, err
		}
		if others += skipped; skipped > 0 {
			out.note("%s: skipped files that are not images: %d", arg, skipped)
		}
		if len(found) == 0 {
			err := errors.Errorf("%s: found no images in the folder", arg)
			if len(args) == 1 {
				return nil, 0, 0, err
			}
			out.failure(err)
			bad++
		}
		images = append(images, found...)
	}
	return images, others, bad, nil
}

// answers prints what images show.
type answers struct {
	predictFlags
	out *output
	p   *train.Predictor
	of  int // images
	bad int // without an answer
}

// tell prints what an image shows, or that it has no answer. Where there is no other
// image that is the command's error.
func (t *answers) tell(file string, q train.Prediction, err error) error {
	if err != nil && t.of == 1 {
		return err
	}
	if err != nil {
		t.out.failure(err)
		t.bad++
		return nil
	}
	if q.Note != "" {
		defer t.out.warn("%s: %s", file, q.Note)
	}
	top, none := t.p.Top(q, t.top), q.Class < 0
	if t.csv {
		t.row(file, q, top)
		return nil
	}
	t.out.text("%s: %s", file, inWords(top, none))
	line := predictLine{File: file, Label: q.Label, Probability: q.Probability, Probabilities: t.p.ByClass(q), Note: q.Note, NoneOfThese: none}
	if t.top > 1 {
		line.Top = top
	}
	return t.out.object(line)
}

// inWords lists classes and their probabilities.
func inWords(top []train.Answer, none bool) string {
	var list []string
	for _, a := range top {
		list = append(list, fmt.Sprintf("%s (%.1f%%)", a.Label, 100*a.Probability))
	}
	text := strings.Join(list, ", ")
	if none {
		return train.NoneOfThese + "; at most " + text
	}
	return text
}

// heading prints the first line of the table.
func (t *answers) heading(classes int) {
	row := []string{"file", "label", "probability"}
	for i := 2; i <= classes; i++ {
		row = append(row, "label"+strconv.Itoa(i), "probability"+strconv.Itoa(i))
	}
	t.record(row)
}

// row prints the line of an image.
func (t *answers) row(file string, q train.Prediction, top []train.Answer) {
	row := []string{file, q.Label, decimal(q.Probability)}
	for _, a := range top[1:] {
		row = append(row, a.Label, decimal(a.Probability))
	}
	t.record(row)
}

func decimal(probability float64) string { return strconv.FormatFloat(probability, 'f', 6, 64) }

// record prints a line of the table, in which nothing is obeyed by a terminal or run by
// a spreadsheet. The program remembers an error of writing.
func (t *answers) record(row []string) {
	w := csv.NewWriter(t.out.results)
	_ = w.Write(escape.Cells(row))
	w.Flush()
}
