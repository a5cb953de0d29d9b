package winograd

var (
	inputCode     = code{4: inputNEON}
	output4Code   = code{4: output4NEON}
	output6Code   = code{4: output6NEON}
	gradient4Code = code{4: gradient4NEON}
	gradient6Code = code{4: gradient6NEON}
)
