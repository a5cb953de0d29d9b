//go:build !amd64 && !arm64

package winograd

// There is no assembly.
var (
	input8Code, output8to4Code, output8to6Code, gradient4to8Code, gradient6to8Code code
	input6Code, output6to4Code, gradient4to6Code                                   code
)
