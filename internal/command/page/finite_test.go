package page

import "testing"

// TestOverflow serves a network whose finite weights overflow, in its logits or
// in a layer that the next ReLU hides: an error, and no answer.
func TestOverflow(t *testing.T) {
	trained, err := digits()
	if err != nil {
		t.Fatal(err)
	}
	for _, scale := range []float32{1e25, -3e38} {
		m := trained.Clone()
		for _, name := range []string{"conv2/W", "fc1/W", "fc2/W"} {
			values := m.Weights.Get(name).Float32s()
			for i := range values {
				values[i] = max(-3e38, min(3e38, scale*values[i]))
			}
		}
		r := serveWith(t, m, usualTimeouts)
		r.refused(t, 500, "too large", "POST", "/predict", shape(t, 1, 0))
		r.refused(t, 500, "too large", "POST", "/predict", shape(t, 4, 0))
	}
}
