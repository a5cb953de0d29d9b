package gemm
import ("testing";"time";"os";"strconv")
func env(n string, d int) int { if v,err:=strconv.Atoi(os.Getenv(n)); err==nil {return v}; return d }

var tune = []struct{name string; ta,tb bool; m,n,k int; beta float32}{
	{"conv2fwd", false, false, 64, 196, 800, 0},
	{"conv2dW", false, true, 64, 800, 196, 1},
	{"conv2dX", true, false, 800, 196, 64, 0},
	{"conv1fwd", false, false, 32, 784, 25, 0},
	{"conv1dW", false, true, 32, 25, 784, 1},
	{"fc1fwd", false, false, 64, 1024, 3136, 0},
	{"fc1dW", true, false, 3136, 1024, 64, 0},
	{"fc1dX", false, true, 64, 3136, 1024, 0},
	{"fc1m256", false, false, 256, 1024, 3136, 0},
	{"fc1m16", false, false, 16, 1024, 3136, 0},
	{"fc1m8", false, false, 8, 1024, 3136, 0},
	{"fc1m4", false, false, 4, 1024, 3136, 0},
	{"fc1m1", false, false, 1, 1024, 3136, 0},
	{"fc2fwd", false, false, 64, 10, 1024, 0},
	{"fc2dW", true, false, 1024, 10, 64, 0},
	{"fc2dX", false, true, 64, 1024, 10, 0},
	{"fc2m1", false, false, 1, 10, 1024, 0},
	{"sq1024", false, false, 1024, 1024, 1024, 0},
}
func BenchmarkTune(b *testing.B) {
	for _, q := range tune {
		b.Run(q.name, func(b *testing.B) {
			var ws Workspace
			x, y, z := make([]float32, q.m*q.k), make([]float32, q.k*q.n), make([]float32, q.m*q.n)
			for i := range x { x[i] = float32(i%7)-3 }
			for i := range y { y[i] = float32(i%5)-2 }
			lda, ldb := q.k, q.n
			if q.ta { lda = q.m }
			if q.tb { ldb = q.k }
			one := func() { ws.Sgemm(q.ta, q.tb, q.m, q.n, q.k, 1, x, lda, y, ldb, q.beta, z, q.n) }
			reps := 1 + 20_000_000/(2*q.m*q.n*q.k)
			best := time.Hour
			for b.Loop() {
				t := time.Now()
				for range reps { one() }
				best = min(best, time.Since(t))
			}
			b.ReportMetric(2*float64(q.m*q.n*q.k)*float64(reps)/float64(best), "GFLOP/s")
		})
	}
}
