package command

import (
	"testing"

	"github.com/lastlayer/lastlayer/dataset"
	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

// TestUnreadableData: data that can no longer be read ends a command with its error,
// wherever that was found, and not as a bug.
func TestUnreadableData(t *testing.T) {
	lost := errors.New("part.features: lost")
	cmd := &cobra.Command{Use: "mnist", SilenceUsage: true, SilenceErrors: true, RunE: func(*cobra.Command, []string) error { panic(dataset.Unreadable{Err: lost}) }}
	cmd.SetArgs([]string{})
	if err := execute(t.Context(), cmd); !errors.Is(err, lost) {
		t.Errorf("found the error %v, expected %v", err, lost)
	}
}
