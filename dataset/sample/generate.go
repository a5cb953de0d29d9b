//go:build ignore

// Generate draws the embedded sample from MNIST: 2,000 training and 500 test images, as many of each
// digit, by Set.Limit with a fixed seed. Run it with go generate in the folder above.
package main

import (
	"compress/gzip"
	"encoding/binary"
	"log"
	"os"
	"path/filepath"
	"strconv"

	"github.com/lastlayer/lastlayer/dataset"
)

const seed = 1

func main() {
	log.SetFlags(0)
	train, test, err := dataset.Open("mnist", dataset.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for _, half := range []struct {
		prefix string
		from   *dataset.Set
		n      int
	}{{"train", train, 2000}, {"t10k", test, 500}} {
		drawn, err := half.from.Limit(half.n, seed)
		if err != nil {
			log.Fatal(err)
		}
		var pixels, labels []byte
		for i := range drawn.Len() {
			pixels = append(pixels, drawn.Image(i)...)
			digit, err := strconv.Atoi(drawn.Classes[drawn.Label(i)])
			if err != nil {
				log.Fatal(err)
			}
			labels = append(labels, byte(digit))
		}
		write(half.prefix+"-images-idx3-ubyte.gz", []int{drawn.Len(), drawn.Shape[1], drawn.Shape[2]}, pixels)
		write(half.prefix+"-labels-idx1-ubyte.gz", []int{drawn.Len()}, labels)
	}
}

// write writes an IDX file of unsigned bytes, packed.
func write(name string, dims []int, data []byte) {
	header := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		header = binary.BigEndian.AppendUint32(header, uint32(d))
	}
	f, err := os.Create(filepath.Join("sample", name))
	if err != nil {
		log.Fatal(err)
	}
	zip, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	for _, b := range [][]byte{header, data} {
		if _, err := zip.Write(b); err != nil {
			log.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}
