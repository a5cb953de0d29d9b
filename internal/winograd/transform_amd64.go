package winograd

var (
	input8Code       = code{16: input8AVX512, 8: input8AVX2}
	output8to4Code   = code{16: output8to4AVX512, 8: output8to4AVX2}
	output8to6Code   = code{16: output8to6AVX512, 8: output8to6AVX2}
	gradient4to8Code = code{16: gradient4to8AVX512, 8: gradient4to8AVX2}
	gradient6to8Code = code{16: gradient6to8AVX512, 8: gradient6to8AVX2}
	input6Code       = code{16: input6AVX512, 8: input6AVX2}
	output6to4Code   = code{16: output6to4AVX512, 8: output6to4AVX2}
	gradient4to6Code = code{16: gradient4to6AVX512, 8: gradient4to6AVX2}
)
