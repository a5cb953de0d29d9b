//go:build !amd64 && !arm64

package vector

func (MomentumStep) whole(_, _, _ []float32) int { return 0 }

func (AdamStep) whole(_, _, _, _ []float32) int { return 0 }

func sumWhole([]float32) (sum float32, n int) { return 0, 0 }

func (Pool) maxWhole([]float32, []uint8, []float32, float32) bool { return false }

func (Pool) backWhole(_, _, _ []float32, _ []uint8) bool { return false }

func (*Finish) whole(_, _, _ []float32) bool { return false }

func tapsWhole(_, _ []float32, _ []int, _ []float32) bool { return false }

func largestWhole(_, _ []float32, _ []int) bool { return false }

func addBytesWhole([]int32, []byte, int32) int { return 0 }

func weighWhole(_, _ []byte, _ []int, _ []int32) bool { return false }

func depthwiseCode() bool { return false }

func (*Depthwise) whole(_, _, _, _ []float32, _ *Finish) {}

func (*Depthwise) largestWhole(_, _ []float32) bool { return false }
