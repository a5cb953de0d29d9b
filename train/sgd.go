package train

// SGD is plain gradient descent:
//
//	w ← w − rate·(g + decay·w)
type SGD struct{}

// NewSGD returns a solver by plain gradient descent.
func NewSGD(learningRate float64) *Solver { return &Solver{Rule: SGD{}, LearningRate: learningRate} }

// Name implements Rule.
func (SGD) Name() string { return "sgd" }

// Memories implements Rule.
func (SGD) Memories() []string { return nil }

// Validate implements Rule.
func (SGD) Validate() error { return nil }

// Update implements Rule.
func (SGD) Update(u Update) {
	// Copies, which stay in registers: the fields would be read anew for each number.
	w, rate, decay := u.W, u.Rate, u.Decay
	g := u.G[:len(w)]
	for i := range w {
		w[i] -= rate * (g[i] + decay*w[i])
	}
}
