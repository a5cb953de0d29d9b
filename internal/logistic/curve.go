package logistic

import "gonum.org/v1/gonum/floats"

// curvature writes to dst the product of the Hessian of the loss at x with v.
// With z = x_i·V + d, the logits' change along v = (V,d), that is
//
//	1/N Σ_i x_iᵀ t_i + l2·V,   1/N Σ_i t_i   where t_i = p∘z − (p·z)·p
//
// except for columns that stay as they are, along which V must be 0.
func (s *Loss) curvature(dst, x, v []float64) {
	k := s.classes
	s.eachPart([][]float64{s.layer(x), s.layer(v)}, func(_ *lossSum, first int, products, errors []float64) {
		for ; len(products) > 0; products, errors, first = products[2*k:], errors[k:], first+1 {
			p, z, t, label := products[:k], products[k:2*k], errors[:k], s.data.Label(first)
			softmaxErrors(p, label)
			p[label] = 0 // t adds up to 0, and t[label] may be much smaller than p[label]
			var mean, others float64
			for c := range k {
				mean += p[c] * (z[c] - z[label])
			}
			mean += z[label]
			for c := range k {
				t[c] = p[c] * (z[c] - mean)
				others += t[c]
			}
			t[label] = -others
			for c := range k {
				t[c] *= s.weight(label)
			}
		}
	})
	s.sumGradients(dst)
	for j := range s.features {
		floats.AddScaled(dst[j*k:(j+1)*k], s.penalty(j), v[j*k:(j+1)*k])
	}
}
