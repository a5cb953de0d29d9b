//go:build linux && amd64

package main

import (
	"fmt"
	"runtime"

	"github.com/ebitengine/purego"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

	"github.com/lastlayer/lastlayer/internal/gemm"
)

// sgemm is one implementation of the product.
type sgemm func(s shape, a, b, c []float32)

// library is one column of the table. make returns a function for use in one goroutine.
type library struct {
	name string
	make func() sgemm
}

// libraries returns our implementation, the libraries found on this machine, and gonum.
func libraries() []library {
	libs := []library{{gemm.Name(), ours}}
	if f, err := openDNNL(); err == nil {
		libs = append(libs, library{"oneDNN", func() sgemm { return f }})
	} else {
		fmt.Println("without oneDNN:", err)
	}
	if f, err := openBLAS(); err == nil {
		libs = append(libs, library{"OpenBLAS", func() sgemm { return f }})
	} else {
		fmt.Println("without OpenBLAS:", err)
	}
	return append(libs, library{"gonum", func() sgemm { return plainGonum }})
}

func ours() sgemm {
	ws := new(gemm.Workspace)
	return func(s shape, a, b, c []float32) {
		ws.Sgemm(s.transA, s.transB, s.m, s.n, s.k, 1, a, s.lda(), b, s.ldb(), s.beta, c, s.n)
	}
}

func plainGonum(s shape, a, b, c []float32) {
	t := map[bool]blas.Transpose{false: blas.NoTrans, true: blas.Trans}
	gonum.Implementation{}.Sgemm(t[s.transA], t[s.transB], s.m, s.n, s.k, 1, a, s.lda(), b, s.ldb(), s.beta, c, s.n)
}

// openDNNL loads oneDNN with one OpenMP thread. The setting must be in C's environment,
// which os.Setenv does not change without cgo.
func openDNNL() (sgemm, error) {
	libc, err := purego.Dlopen("libc.so.6", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, err
	}
	var setenv func(name, value string, overwrite int32) int32
	purego.RegisterLibFunc(&setenv, libc, "setenv")
	if setenv("OMP_NUM_THREADS", "1", 1) != 0 {
		return nil, fmt.Errorf("setenv failed")
	}
	lib, err := purego.Dlopen("libdnnl.so.2", purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	var call func(ta, tb int8, m, n, k int64, alpha float32, a *float32, lda int64, b *float32, ldb int64, beta float32, c *float32, ldc int64) int32
	purego.RegisterLibFunc(&call, lib, "dnnl_sgemm")
	t := map[bool]int8{false: 'N', true: 'T'}
	return func(s shape, a, b, c []float32) {
		status := call(t[s.transA], t[s.transB], int64(s.m), int64(s.n), int64(s.k), 1, &a[0], int64(s.lda()), &b[0], int64(s.ldb()), s.beta, &c[0], int64(s.n))
		keep(a, b, c)
		if status != 0 {
			panic(fmt.Sprintf("dnnl_sgemm: status %d", status))
		}
	}, nil
}

// openBLAS loads OpenBLAS and limits it to one thread.
func openBLAS() (sgemm, error) {
	lib, err := purego.Dlopen("libopenblas.so.0", purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	var threads func(n int32)
	purego.RegisterLibFunc(&threads, lib, "openblas_set_num_threads")
	threads(1)
	var call func(order, ta, tb, m, n, k int32, alpha float32, a *float32, lda int32, b *float32, ldb int32, beta float32, c *float32, ldc int32)
	purego.RegisterLibFunc(&call, lib, "cblas_sgemm")
	const rowMajor, noTrans, trans = 101, 111, 112
	t := map[bool]int32{false: noTrans, true: trans}
	return func(s shape, a, b, c []float32) {
		call(rowMajor, t[s.transA], t[s.transB], int32(s.m), int32(s.n), int32(s.k), 1, &a[0], int32(s.lda()), &b[0], int32(s.ldb()), s.beta, &c[0], int32(s.n))
		keep(a, b, c)
	}, nil
}

func keep(a, b, c []float32) {
	runtime.KeepAlive(a)
	runtime.KeepAlive(b)
	runtime.KeepAlive(c)
}
