// Package winograd convolves 5×5 and 3×3 kernels with a sixth to a quarter of the
// products.
//
// The output is cut into tiles, of 4×4 for kernels of 5×5, of 4×4 or 6×6 for 3×3. Each
// comes from a field of 8×8 values of the input, or of 6×6 for tiles of 4×4 by 3×3:
//
//	Y = Aᵀ · [ Σ over channels (G·g·Gᵀ) ⊙ (Bᵀ·d·B) ] · A
//
// where g is a kernel, d the input under the tile, and ⊙ multiplies element by
// element. These are F(4×4, 5×5), F(4×4, 3×3) and F(6×6, 3×3) of Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", CVPR 2016: an input channel takes 64, 36
// or 64 products for a tile, where the definition has 400, 144 or 324. It takes more
// where tiles at the edges are not full. Summed over the channels, each of the 64 or 36
// elements is a matrix product, [tiles,C]·[C,O], which package gemm makes. The
// tiles of a product may be of several images, whose kernels then come from memory
// once; no sum is cut, so the bytes are the same. Where no cache holds the kernels, the
// threads share these products; elsewhere each thread has tiles of its own.
//
// The matrices are those of Toom and Cook, for the points 0, ±1, ±2, ±1/2 and infinity,
// or in fields of 6×6 for 0, ±3/4, ±3/2 and infinity. Row i of G has the powers of point i
// divided by the product of its differences from the other points; Aᵀ has the powers; Bᵀ
// the coefficients of the polynomials that vanish at all other points.
//
// For kernels of 3×3 the size of the output decides: tiles of 6×6 where they save more
// than a tenth of the products, as on maps of 112×112. On maps of 7×7 they have 256 products
// where those of 4×4 have 144; on 14×14 both have 576, on 56×56 they have 6400 and 7056. There
// the smaller kernels of the smaller tiles make up for it.
//
// The gradient towards the input is a convolution of the same kind, with the
// kernels turned by 180° and their channels exchanged. The gradient towards the
// kernels follows from the formula above:
//
//	dg = Gᵀ · [ Σ over tiles (A·dY·Aᵀ) ⊙ (Bᵀ·d·B) ] · G
//
// # Caveats
//
// Sums come in another order than by the definition, of terms that partly
// cancel. In float32 the largest difference is some 7e-6 of the largest output for
// kernels of 5×5; for 3×3 it is 3e-6 with tiles of 4×4 and 1.3e-5 with 6×6. Tests hold
// all to 5e-5. A NaN or an infinity in the input makes NaN of all tiles that see it, not
// only of the values under its kernels.
//
// Memory inside is channels-last, [y,x,C] with the number of channels rounded
// up to whole vectors, so that all transforms work on vectors of channels.
package winograd

//go:generate sh -c "cd ../asm && go run . -for winograd -out ../winograd/winograd_amd64.s -stubs ../winograd/stub_amd64.go -pkg winograd"
//go:generate sh -c "cd ../asm && go run ./neon -for winograd -out ../winograd/winograd_arm64.s -stubs ../winograd/stub_arm64.go"
