package train

import "testing"

func TestUsualEpochs(t *testing.T) {
	for examples, want := range map[int]int{0: 100, 999: 100, 1000: 5, 60000: 5} {
		if got := UsualEpochs(examples); got != want {
			t.Errorf("%d examples: found %d epochs, expected %d", examples, got, want)
		}
	}
}
