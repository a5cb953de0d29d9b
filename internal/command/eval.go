package command

import (
	"maps"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/lastlayer/lastlayer/internal/command/report"
	"github.com/lastlayer/lastlayer/internal/escape"
	"github.com/lastlayer/lastlayer/train"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

func newEval(g *globals) *cobra.Command {
	var data dataFlags
	var file string
	var source sourceFlags
	var page reportFlag
	cmd := &cobra.Command{
		Use:   "eval",
		Short: "Measure a network on test images",
		Long: `eval runs a network over the test images of a data set and prints its accuracy, the
recall of each class and the confusion matrix.`,
		Example: g.example("eval --model retrained.safetensors\neval --model digits.safetensors --data sample --json\neval --model retrained.safetensors --report measured",
			"eval --model mine.safetensors --data photos/\neval --model mine.safetensors --data photos/ --report measured"),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runEval(cmd, newOutput(cmd, g), data, file, source, page)
		},
	}
	cmd.Flags().StringVar(&file, "model", "", formats)
	source.add(cmd)
	page.add(cmd)
	data.add(cmd, g.Program)
	return cmd
}

// evalLine is the result of eval in --json.
type evalLine struct {
	train.Score
	Classes   []string `json:"classes"`
	Confusion [][]int  `json:"confusion"`        // [label][prediction]
	Report    string   `json:"report,omitempty"` // the page

	BalancedAccuracy float64 `json:"balanced_accuracy"` // mean recall of the classes

	dataset.Overlap

	LeftOut        int            `json:"left_out"`         // test images of classes that the network does not know
	LeftOutClasses map[string]int `json:"left_out_classes"` // how many of each

	unusedFiles
}

func runEval(cmd *cobra.Command, out *output, d dataFlags, file string, source sourceFlags, page reportFlag) error {
	if file == "" {
		return out.program.noNetwork("model")
	}
	if err := apart(append(reportFiles(page.folder), namedFile{flag: "--model", path: file})...); err != nil {
		return err
	}
	rep, err := page.begin(cmd, out)
	if err != nil {
		return err
	}
	m, err := source.open(cmd.Context(), out, file)
	if err != nil {
		return err
	}
	d.unused, d.skipped = &unusedFiles{}, rep.Skipped
	test, of, leftOut, err := d.openFor(cmd, out, m, true)
	if err != nil {
		return err
	}
	metrics, err := train.EvaluateWith(cmd.Context(), m, test, out.images("test images"))
	if err != nil {
		return err
	}
	low, high := metrics.Interval()
	out.text("accuracy %.4f (%d of %d), 95 %% confidence %.4f to %.4f, mean recall of the classes %.4f, loss %.4f",
		metrics.Accuracy(), metrics.Correct, metrics.Examples, low, high, metrics.BalancedAccuracy(), metrics.Loss)
	line := evalLine{Score: metrics.Score(), Classes: m.Classes, Confusion: metrics.Confusion, Report: rep.Page(), BalancedAccuracy: metrics.BalancedAccuracy(),
		Overlap: m.Seen.Overlap(test), LeftOut: of - test.Len(), LeftOutClasses: map[string]int{}, unusedFiles: *d.unused} // not null for those who read the JSON
	out.lines(line.Overlap.String())
	maps.Copy(line.LeftOutClasses, leftOut)
	uneven(out, "test", test)
	out.lines("\n" + metrics.ConfusionTable(escape.Texts(test.Classes)))
	rep.Evaluated(report.Evaluation{File: file, Data: d.name, LeftOut: line.LeftOut, TrainedOn: line.TrainedOn})
	if err := rep.Tested(cmd.Context(), m, test, metrics); err != nil {
		return err
	}
	if err := rep.Write(line); err != nil {
		return errors.Wrap(err, "--report")
	}
	return out.object(line)
}
