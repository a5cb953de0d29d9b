package main

// source is one figure of a command: a number in its JSON, or disk_seconds, the time
// from the start of the process until its output file is complete.
type source struct{ command, field string }

// row is one comparison.
type row struct {
	Key    string  `json:"row"` // short, for the chart and for -only
	Work   string  `json:"work"`
	Peer   string  `json:"peer"`
	Target float64 `json:"target,omitempty"` // maximum ratio; 0: for information only
	Unit   string  `json:"unit"`
	ours   source
	theirs source // without a command, our figure is already a ratio
}

// rows is all comparisons.
var rows = append(questionRows, networkRows()...)

// networks are the photo networks, with their target at batch 8.
var networks = []struct {
	arch   string
	target float64
}{{"resnet18", 0.9}, {"vgg16", 0.7}, {"resnet50", 1}, {"mobilenet_v2", 1.3}, {"squeezenet1_1", 1.2}}

// peerNetworks are the networks that are written for onnxruntime-node.
func peerNetworks() []string {
	archs := []string{"deepmnist"} // the original question's
	for _, n := range networks {
		archs = append(archs, n.arch)
	}
	return archs
}

// networkRows are the rows of the photo networks: images of 224×224, one and two
// threads, batches of one and eight.
func networkRows() []row {
	var rows []row
	for _, n := range networks {
		for _, batch := range []string{"8", "1"} {
			target := n.target
			if batch == "1" {
				target = 1.2
			}
			for _, threads := range []string{"2", "1"} {
				if threads == "1" {
					target = 0
				}
				key := n.arch + ", batch " + batch + ", threads " + threads
				work := n.arch + ", 224², an image of a batch of " + batch + ", threads " + threads
				field, process := "seconds_"+batch, " "+n.arch+" "+threads
				rows = append(rows,
					row{key, work, "onnxruntime-node", target, "s", source{"network" + process, field}, source{"onnxruntime" + process, field}},
					row{key + " vs PyTorch", work, "PyTorch", 0, "s", source{"network" + process, field}, source{"peer" + process, field}})
			}
		}
		target := 0.0
		if n.arch == "resnet50" {
			target = 2
		}
		rows = append(rows, row{n.arch + ", peak memory", n.arch + ", peak memory, batch 8, two threads", "onnxruntime-node", target, "B",
			source{"network " + n.arch + " 2", "peak_8_bytes"}, source{"onnxruntime " + n.arch + " 2", "peak_8_bytes"}})
	}
	return rows
}

// questionRows are the rows of the original question's network: first the targets, in
// order, then other useful figures.
var questionRows = []row{
	{"epoch, whole network", "epoch, whole network, batch 64, real digits, shuffled", "PyTorch", 0.7, "s",
		source{"ours epoch", "epoch_seconds"}, source{"peer epoch", "seconds"}},
	{"epoch, FC layers", "epoch, FC layers, convolutions frozen but run each step (`--no-cache`), batch 64", "PyTorch `requires_grad=False`", 0.6, "s",
		source{"ours frozen last2", "epoch_seconds"}, source{"peer frozen last2", "seconds"}},
	{"retrain --last 2", "whole `retrain --last 2`, 5 epochs on digits 5–9, process start to weights on disk, feature pass included", "PyTorch `requires_grad=False`, the same", 0.4, "s",
		source{"ours retrain last2", "disk_seconds"}, source{"peer retrain last2", "disk_seconds"}},
	{"retrain --last 1", "whole `retrain --last 1`, the same", "PyTorch `requires_grad=False`, the same", 0.15, "s",
		source{"ours retrain last1", "disk_seconds"}, source{"peer retrain last1", "disk_seconds"}},
	{"retrain --last 2 vs cached features", "whole `retrain --last 2`, the same", "PyTorch with hand-cached features", 0.6, "s",
		source{"ours retrain last2", "disk_seconds"}, source{"peer cached last2", "disk_seconds"}},
	{"retrain --last 1 vs cached features", "whole `retrain --last 1`, the same", "PyTorch with hand-cached features", 0.6, "s",
		source{"ours retrain last1", "disk_seconds"}, source{"peer cached last1", "disk_seconds"}},
	{"retrain --last 2 vs put back", "whole `retrain --last 2`, the same", "put-the-old-weights-back on our own graph", 0.4, "s",
		source{"ours retrain last2", "disk_seconds"}, source{"putback last2", "disk_seconds"}},
	{"retrain --last 1 vs put back", "whole `retrain --last 1`, the same", "put-the-old-weights-back on our own graph", 0.12, "s",
		source{"ours retrain last1", "disk_seconds"}, source{"putback last1", "disk_seconds"}},
	{"inference", "inference over the 10,000 test images, best batch size", "PyTorch `no_grad`, its best batch size", 0.7, "s",
		source{"ours inference", "seconds"}, source{"peer inference", "seconds"}},
	{"one image", "one image, model loaded, in process", "PyTorch", 0.8, "s",
		source{"ours latency", "seconds"}, source{"peer latency", "seconds"}},
	{"one image vs onnxruntime", "one image, model loaded, in process", "onnxruntime-node", 1, "s",
		source{"ours latency", "seconds"}, source{"onnxruntime latency", "seconds_1"}},
	{"step of a block", "ResNet-18, 224², one step of `--train 'layer4*'`, batch 32, not cached", "PyTorch, the same", 0.6, "s",
		source{"ours block", "seconds"}, source{"peer block", "seconds"}},
	{"step vs stock Gorgonia", "whole-network step, batch 64, nothing installed (no library)", "stock Gorgonia operators on gonum's BLAS", 0.2, "s",
		source{"ours step", "seconds"}, source{"stock step", "seconds"}},
	{"gemm, worst shape", "gemm on this network's shapes, ours against the best library's, the worst shape", "oneDNN or OpenBLAS", 1.4, "×",
		source{"gemm", "worst"}, source{}},
	{"peak memory", "peak memory of `train`, batch 64", "PyTorch, its ordinary settings, which need least", 0.5, "B",
		source{"ours epoch", "peak_rss_bytes"}, source{"plain epoch", "peak_rss_bytes"}},
	{"allocation a step", "allocation per training step after the first", "stock Gorgonia", 0.02, "B",
		source{"ours step", "bytes_per_step"}, source{"stock step", "bytes_per_step"}},

	{"epoch, last layer", "epoch, last layer, all else frozen but run each step (`--no-cache`), batch 64", "PyTorch `requires_grad=False`", 0, "s",
		source{"ours frozen last1", "epoch_seconds"}, source{"peer frozen last1", "seconds"}},
	{"epoch, FC vs no_grad", "epoch, FC layers, as above", "PyTorch, convolutions under `no_grad`", 0, "s",
		source{"ours frozen last2", "epoch_seconds"}, source{"peer no_grad last2", "seconds"}},
	{"epoch, last layer vs no_grad", "epoch, last layer, as above", "PyTorch, all else under `no_grad`", 0, "s",
		source{"ours frozen last1", "epoch_seconds"}, source{"peer no_grad last1", "seconds"}},
	{"gemm, median shape", "gemm on this network's shapes, the median shape", "oneDNN or OpenBLAS", 0, "×",
		source{"gemm", "median"}, source{}},
	{"epoch, whole vs ordinary settings", "epoch, whole network, as above", "PyTorch, its ordinary settings", 0, "s",
		source{"ours epoch", "epoch_seconds"}, source{"plain epoch", "seconds"}},
	{"retrain --last 2 vs ordinary settings", "whole `retrain --last 2`, as above", "PyTorch `requires_grad=False`, its ordinary settings", 0, "s",
		source{"ours retrain last2", "disk_seconds"}, source{"plain retrain last2", "disk_seconds"}},
	{"retrain --last 1 vs ordinary settings", "whole `retrain --last 1`, as above", "PyTorch `requires_grad=False`, its ordinary settings", 0, "s",
		source{"ours retrain last1", "disk_seconds"}, source{"plain retrain last1", "disk_seconds"}},
	{"inference vs ordinary settings", "inference, as above", "PyTorch `no_grad`, its ordinary settings", 0, "s",
		source{"ours inference", "seconds"}, source{"plain inference", "seconds"}},
}

// needed returns the names of the commands that the rows need, without duplicates, each
// peer's after ours.
func needed(rows []row) []string {
	var names []string
	seen := map[string]bool{"": true}
	for _, r := range rows {
		for _, s := range []source{r.ours, r.theirs} {
			if !seen[s.command] {
				seen[s.command] = true
				names = append(names, s.command)
			}
		}
	}
	return names
}
