package command

import (
	"testing"

	"github.com/spf13/cobra"
)

// TestNamesNothing: a name may look like an empty list, a list may not be one.
func TestNamesNothing(t *testing.T) {
	for _, test := range []struct {
		arg     string
		refused bool
	}{
		{"--class=[]", false}, {"--class=", true}, {"--train=[]", false}, {"--train=", true}, {"--train=fc1", false},
	} {
		cmd := &cobra.Command{}
		cmd.Flags().String("class", "", "")
		cmd.Flags().StringSlice("train", nil, "")
		if err := cmd.ParseFlags([]string{test.arg}); err != nil {
			t.Fatal(err)
		}
		if err := namesNothing(cmd); (err != nil) != test.refused {
			t.Errorf("%s: found the error %v, expected one: %v", test.arg, err, test.refused)
		}
	}
}
