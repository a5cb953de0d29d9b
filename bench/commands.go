package main

import (
	"strconv"
	"strings"
)

// Settings for the peer's process, passed to env(1). OpenBLAS chooses its own kernels.
// With best, the process keeps the memory that PyTorch frees; otherwise each step maps
// and clears its buffers again.
const (
	plain = "-u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE OMP_NUM_THREADS=2"
	best  = plain + " MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=4294967296 MALLOC_TOP_PAD_=268435456"
)

// command is one measured process.
type command struct {
	name  string
	args  []string // as shown; words that start with $ are expanded
	out   string   // file it writes; disk_seconds is the time until this file is complete
	torch bool     // needs PyTorch
}

// String is the command as typed in a shell, in the module's root.
func (c command) String() string { return strings.Join(c.args, " ") }

// sizes is how much work the commands do.
type sizes struct {
	epochs, limit                     int // limit 0: all images
	steps, stockSteps, passes, images int
	batches                           string
	gemm                              string // flags of bench/gemm
	photos                            int    // batches of a network
}

var (
	fullSizes  = sizes{epochs: 5, steps: 60, stockSteps: 10, passes: 3, images: 500, batches: "64,250,1000,2500,5000", gemm: "-repeats 9 -sample 50ms", photos: 10}
	quickSizes = sizes{epochs: 1, limit: 320, steps: 3, stockSteps: 1, passes: 1, images: 20, batches: "50,100", gemm: "-repeats 1 -sample 1ms", photos: 1}
)

// out is the folder for all output of the runner, relative to the module's root.
const out = "bench/out"

// start is the network that retraining starts from. It is made only once.
const start = out + "/digits-0-4.safetensors"

// networkFile is a photo network for the peer, made only once.
func networkFile(arch string) string { return out + "/" + arch + ".onnx" }

func words(s string) []string { return strings.Fields(s) }

// commands returns all commands, by name.
func (s sizes) commands() map[string]command {
	all := map[string]command{}
	limit := ""
	if s.limit > 0 {
		limit = " --limit " + strconv.Itoa(s.limit)
	}
	add := func(name, line, file string) {
		line += limit
		if file != "" {
			file = out + "/" + file
			line += " --out " + file
		}
		all[name] = command{name: name, args: words(line), out: file, torch: strings.Contains(line, "peer.py")}
	}
	mnist := "bench/out/bin/mnist --threads 2 --json --quiet "
	epoch := " --data mnist --schedule constant --epochs 1"
	five := " --data mnist --classes 5-9 --schedule constant --epochs " + strconv.Itoa(s.epochs)
	peerFive := " --data $MNIST --classes 5-9 --from " + start + " --epochs " + strconv.Itoa(s.epochs)
	peer := func(settings string) string { return "env " + settings + " $PYTHON bench/peer.py " }
	ours := "bench/out/bin/ours "

	add("ours epoch", mnist+"train"+epoch, "ours-epoch.safetensors")
	add("peer epoch", peer("$BEST")+"train --data $MNIST", "")
	add("plain epoch", peer("$PLAIN")+"train --data $MNIST", "")
	for _, last := range []string{"2", "1"} {
		add("ours frozen last"+last, mnist+"retrain --no-cache --from "+start+" --last "+last+epoch, "ours-frozen"+last+".safetensors")
		add("ours retrain last"+last, mnist+"retrain --from "+start+" --last "+last+five, "ours-retrain"+last+".safetensors")
		add("putback last"+last, ours+"putback --threads 2 --from "+start+" --last "+last+" --classes 5-9 --epochs "+strconv.Itoa(s.epochs), "putback"+last+".safetensors")
		add("peer frozen last"+last, peer("$BEST")+"train --data $MNIST --train last"+last, "")
		add("peer no_grad last"+last, peer("$BEST")+"train --data $MNIST --freeze no_grad --train last"+last, "")
		add("peer retrain last"+last, peer("$BEST")+"train"+peerFive+" --train last"+last, "peer-retrain"+last+".pt")
		add("plain retrain last"+last, peer("$PLAIN")+"train"+peerFive+" --train last"+last, "plain-retrain"+last+".pt")
		add("peer cached last"+last, peer("$BEST")+"train"+peerFive+" --freeze cache --train last"+last, "peer-cached"+last+".pt")
	}
	inference := "inference --batches " + s.batches + " --repeats " + strconv.Itoa(s.passes)
	latency := "latency --repeats " + strconv.Itoa(s.images)
	add("ours inference", ours+inference, "")
	add("peer inference", peer("$BEST")+inference+" --data $MNIST", "")
	add("plain inference", peer("$PLAIN")+inference+" --data $MNIST", "")
	add("ours latency", ours+latency, "")
	add("peer latency", peer("$BEST")+latency+" --data $MNIST", "")
	add("ours step", ours+"step --steps "+strconv.Itoa(s.steps), "")
	add("stock step", ours+"stock --steps "+strconv.Itoa(s.stockSteps), "")
	limit = ""
	add("onnxruntime latency", "node bench/peer.cjs "+networkFile("deepmnist")+" 2 1 "+strconv.Itoa(s.images)+" 1,28,28", "")
	block := "block --arch resnet18 --batch 32 --threads 2 "
	add("ours block", ours+block+"--train layer4* --steps "+strconv.Itoa(s.photos), "")
	add("peer block", peer("$BEST")+block+"--layers layer4 --repeats "+strconv.Itoa(s.photos), "")
	for _, n := range networks {
		for _, threads := range []string{"2", "1"} {
			process, repeats := " "+n.arch+" "+threads, strconv.Itoa(s.photos)
			flags := "network --arch " + n.arch + " --threads " + threads + " --batches 1,8 --repeats " + repeats
			add("network"+process, ours+flags, "")
			add("peer"+process, peer("$BEST")+flags, "")
			add("onnxruntime"+process, "node bench/peer.cjs "+networkFile(n.arch)+" "+threads+" 1,8 "+repeats, "")
		}
	}
	all["gemm"] = command{name: "gemm", args: words("env " + plain + " bench/out/bin/gemm -goroutines 2 " + s.gemm)}
	return all
}
