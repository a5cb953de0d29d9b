package winograd

var (
	input8Code       = code{4: input8NEON}
	output8to4Code   = code{4: output8to4NEON}
	output8to6Code   = code{4: output8to6NEON}
	gradient4to8Code = code{4: gradient4to8NEON}
	gradient6to8Code = code{4: gradient6to8NEON}
	input6Code       = code{4: input6NEON}
	output6to4Code   = code{4: output6to4NEON}
	gradient4to6Code = code{4: gradient4to6NEON}
)
