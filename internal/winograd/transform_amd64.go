package winograd

var (
	inputCode     = code{16: inputAVX512, 8: inputAVX2}
	output4Code   = code{16: output4AVX512, 8: output4AVX2}
	output6Code   = code{16: output6AVX512, 8: output6AVX2}
	gradient4Code = code{16: gradient4AVX512, 8: gradient4AVX2}
	gradient6Code = code{16: gradient6AVX512, 8: gradient6AVX2}
)
