package train

import (
	"math"
	"testing"
)

func TestBalancedAccuracy(t *testing.T) {
	m := Metrics{Examples: 12, Correct: 9, Confusion: [][]int{{8, 2, 0}, {1, 1, 0}, {0, 0, 0}}}
	if a, b := m.Recall(0), m.Recall(1); a != 0.8 || b != 0.5 || !math.IsNaN(m.Recall(2)) {
		t.Errorf("found recalls %v, %v, %v, expected 0.8, 0.5 and none", a, b, m.Recall(2))
	}
	if got := m.BalancedAccuracy(); math.Abs(got-0.65) > 1e-15 || m.Accuracy() != 0.75 {
		t.Errorf("found %v and an accuracy of %v, expected 0.65 and 0.75", got, m.Accuracy())
	}
}

func TestConfusionTable(t *testing.T) {
	m := Metrics{Examples: 12, Correct: 9, Confusion: [][]int{{8, 2, 0}, {1, 1, 0}, {0, 0, 0}}}
	const want = `label down, prediction across
                 cat       dog  elephant  recall
cat                8         2         0  0.8000
dog                1         1         0  0.5000
elephant           0         0         0
`
	if got := m.ConfusionTable([]string{"cat", "dog", "elephant"}); got != want {
		t.Errorf("found\n%s\nexpected\n%s", got, want)
	}
}
