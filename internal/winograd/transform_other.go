//go:build !amd64 && !arm64

package winograd

// There is no assembly.
var inputCode, output4Code, output6Code, gradient4Code, gradient6Code code
