#!/usr/bin/env python3
"""The seed network of package model in PyTorch: what `go run ./bench` compares with.

    peer.py train     --data DIR  epochs of training; with --out a whole retraining, weights and all
    peer.py inference --data DIR  the test images, at several batch sizes
    peer.py latency   --data DIR  one image at a time
    peer.py network   --arch NAME torchvision's network of that name on images of noise
    peer.py block     --arch NAME a training step of one block of it

DIR holds MNIST's four .gz files. The last line on standard output is a JSON
object. All times are of time.perf_counter. Written for PyTorch 1.13.
"""
import argparse
import gzip
import json
import math
import os
import resource
import statistics
import struct
import sys
import time

STARTED = time.perf_counter()

try:
    import torch
    import torch.nn.functional as F
except ImportError as err:
    sys.exit("peer.py: no PyTorch here (%s); Debian's is the package python3-torch" % err)

MEAN, STD = 0.1307, 0.3081
SETTINGS = ["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_",
            "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS"]


def read_idx(path):
    """Returns the bytes of an IDX file as a tensor of its shape."""
    with gzip.open(path) as f:
        rank = f.read(4)[3]
        shape = struct.unpack(">%dI" % rank, f.read(4 * rank))
        content = bytearray(math.prod(shape))
        f.readinto(content)
    return torch.frombuffer(content, dtype=torch.uint8).view(shape)


def read_set(folder, half, classes, limit):
    """Returns the images, uint8 [N,1,28,28], and labels from 0, of those classes."""
    images = read_idx(os.path.join(folder, half + "-images-idx3-ubyte.gz")).unsqueeze(1)
    labels = read_idx(os.path.join(folder, half + "-labels-idx1-ubyte.gz")).long()
    first, last = (int(c) for c in classes.split("-"))
    if (first, last) != (0, 9):
        keep = (labels >= first) & (labels <= last)
        images, labels = images[keep], labels[keep] - first
    if limit:
        images, labels = images[:limit].clone(), labels[:limit].clone()
    return images, labels, last - first + 1


def prepare(images):
    """Turns bytes into what the network sees, a batch at a time as ours does."""
    return images.to(torch.float32).mul_(1 / (255 * STD)).sub_(MEAN / STD)


def read_safetensors(path):
    """Returns the float32 tensors of a file in lastlayer's layout, by name."""
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        content = bytearray(f.read())
    tensors = {}
    for name, t in header.items():
        if name != "__metadata__":
            begin, end = t["data_offsets"]
            tensors[name] = torch.frombuffer(content, dtype=torch.float32, offset=begin, count=(end - begin) // 4).view(t["shape"])
    return tensors


class Net(torch.nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 32, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(32, 64, 5, padding=2)
        self.fc1 = torch.nn.Linear(64 * 7 * 7, 1024)
        self.fc2 = torch.nn.Linear(1024, classes)
        for layer, fan_in in ((self.conv1, 784), (self.conv2, 800), (self.fc1, 3136), (self.fc2, 1024)):
            std = math.sqrt(2 / fan_in)
            torch.nn.init.trunc_normal_(layer.weight, std=std, a=-2 * std, b=2 * std)
            torch.nn.init.constant_(layer.bias, 0.1)

    def load(self, path, keep_head):
        """Takes the weights of the file, those of fc2 only with keep_head."""
        tensors = read_safetensors(path)
        with torch.no_grad():
            for name, layer in self.named_children():
                if name + "/W" in tensors and (keep_head or name != "fc2"):
                    w = tensors[name + "/W"]
                    layer.weight.copy_(w.t() if w.dim() == 2 else w)  # ours is [in,out]
                    layer.bias.copy_(tensors[name + "/b"])

    def convolutions(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        return F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)

    def hidden(self, x):
        return F.relu(self.fc1(x))

    def head(self, x):
        return self.fc2(F.dropout(x, 0.5, self.training))

    def forward(self, x):
        return self.head(self.hidden(self.convolutions(x)))

    def cut(self, trained):
        """Returns the part below the lowest trained layer, and the part above."""
        if trained == "last1":
            return (lambda x: self.hidden(self.convolutions(x))), self.head, [self.fc2]
        if trained == "last2":
            return self.convolutions, (lambda x: self.head(self.hidden(x))), [self.fc1, self.fc2]
        return (lambda x: x), self.forward, [self.conv1, self.conv2, self.fc1, self.fc2]


def cache(below, images, batch=500):
    """Runs the frozen part once over all images."""
    features = None
    with torch.no_grad():
        for i in range(0, len(images), batch):
            rows = below(prepare(images[i:i + batch]))
            if features is None:
                features = torch.empty(len(images), rows.shape[1])
            features[i:i + batch] = rows
    return features


def train(opt):
    images, labels, classes = read_set(opt.data, "train", opt.classes, opt.limit)
    net = Net(classes)
    if opt.start:
        net.load(opt.start, False)
    below, above, layers = net.cut(opt.train)
    net.requires_grad_(False)
    parameters = [p for layer in layers for p in layer.parameters()]
    for p in parameters:
        p.requires_grad_(True)
    solver = torch.optim.SGD(parameters, lr=opt.lr, momentum=opt.momentum)
    result, data, ready = {}, images, prepare
    if opt.freeze == "cache":
        start = time.perf_counter()
        data, ready, below = cache(below, images), (lambda x: x), (lambda x: x)
        result["seconds_caching"] = time.perf_counter() - start
    net.train()
    seconds, losses = [], []
    for _ in range(opt.epochs):
        start, total = time.perf_counter(), torch.zeros(())
        order = torch.randperm(len(data))
        for i in range(0, len(data), opt.batch):
            indices = order[i:i + opt.batch]
            x, y = ready(data.index_select(0, indices)), labels.index_select(0, indices)
            if opt.freeze == "no_grad":
                with torch.no_grad():
                    x = below(x)
            else:
                x = below(x)
            loss = F.cross_entropy(above(x), y)
            solver.zero_grad(set_to_none=True)
            loss.backward()
            solver.step()
            total += loss.detach() * len(indices)
        seconds.append(time.perf_counter() - start)
        losses.append(float(total) / len(data))
    if opt.out:
        torch.save(net.state_dict(), opt.out)
    steps = -(-len(data) // opt.batch)
    return dict(result, seconds=statistics.mean(seconds), seconds_per_step=statistics.mean(seconds) / steps,
                epochs=opt.epochs, examples=len(data), loss=losses[-1])


def inference(opt):
    images, labels, classes = read_set(opt.data, "t10k", opt.classes, opt.limit)
    net = Net(classes)
    if opt.start:
        net.load(opt.start, True)
    net.eval()
    times = {}
    with torch.no_grad():
        for batch in (int(b) for b in opt.batches.split(",")):
            passes = []
            for repeat in range(1 + opt.repeats):
                start, loss, correct = time.perf_counter(), 0.0, 0
                for i in range(0, len(images), batch):
                    logits = net(prepare(images[i:i + batch]))
                    loss += float(F.cross_entropy(logits, labels[i:i + batch], reduction="sum"))
                    correct += int((logits.argmax(1) == labels[i:i + batch]).sum())
                if repeat:  # the first one warms up
                    passes.append(time.perf_counter() - start)
            times[batch] = statistics.median(passes)
    best = min(times, key=times.get)
    return {"seconds": times[best], "batch": best, "seconds_by_batch": times, "examples": len(images),
            "images_per_second": len(images) / times[best], "loss": loss / len(images), "correct": correct}


def latency(opt):
    images, _, classes = read_set(opt.data, "t10k", opt.classes, opt.limit)
    net = Net(classes).eval()
    times = []
    with torch.no_grad():
        for i in range(20 + opt.repeats):
            start = time.perf_counter()
            int(net(prepare(images[i % len(images)].unsqueeze(0))).argmax())
            times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times[20:]), "repeats": opt.repeats}


def network(opt):
    import torchvision
    net = getattr(torchvision.models, opt.arch)(weights=None).eval()
    result = {"repeats": opt.repeats}
    with torch.no_grad():
        for batch in (int(b) for b in opt.batches.split(",")):
            x, times = torch.randn(batch, 3, 224, 224), []
            for _ in range(2 + opt.repeats):
                start = time.perf_counter()
                net(x)
                times.append(time.perf_counter() - start)
            result["seconds_%d" % batch] = statistics.median(times[2:]) / batch
    return result


def block(opt):
    """A step of SGD on the layers that begin with opt.layers; statistics of batch norm are fixed."""
    import torchvision
    net = getattr(torchvision.models, opt.arch)(weights=None).eval()
    net.requires_grad_(False)
    parameters = [p for name, p in net.named_parameters() if name.startswith(opt.layers)]
    for p in parameters:
        p.requires_grad_(True)
    solver = torch.optim.SGD(parameters, lr=opt.lr, momentum=opt.momentum)
    x, y, times = torch.randn(opt.batch, 3, 224, 224), torch.zeros(opt.batch, dtype=torch.long), []
    for _ in range(2 + opt.repeats):
        start = time.perf_counter()
        loss = F.cross_entropy(net(x), y)
        solver.zero_grad(set_to_none=True)
        loss.backward()
        solver.step()
        times.append(time.perf_counter() - start)
    return {"seconds": statistics.median(times[2:]), "repeats": opt.repeats, "trained": len(parameters)}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("work", choices=["train", "inference", "latency", "network", "block"])
    p.add_argument("--data", help="folder of MNIST's .gz files")
    p.add_argument("--classes", default="0-9", help="labels to keep, as 5-9")
    p.add_argument("--limit", type=int, default=0, help="use at most N images (0: all)")
    p.add_argument("--from", dest="start", help="safetensors file to start from; random weights if unsaid")
    p.add_argument("--out", help="write the weights of the whole network here")
    p.add_argument("--train", choices=["all", "last2", "last1"], default="all")
    p.add_argument("--freeze", choices=["requires_grad", "no_grad", "cache"], default="requires_grad",
                   help="how the other layers are kept: requires_grad=False alone, run under no_grad too, or run once")
    p.add_argument("--epochs", type=int, default=1)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--lr", type=float, default=0.02)
    p.add_argument("--momentum", type=float, default=0.9)
    p.add_argument("--batches", default="64,250,1000,2500,5000", help="batch sizes of inference")
    p.add_argument("--repeats", type=int, default=3, help="passes of inference, or images of latency")
    p.add_argument("--arch", default="resnet18", help="torchvision's name of a network")
    p.add_argument("--layers", default="layer4", help="block: how the names of the trained layers begin")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seed", type=int, default=1)
    opt = p.parse_args()
    if opt.work not in ("network", "block") and not opt.data:
        p.error("--data is missing")
    torch.set_num_threads(opt.threads)
    torch.manual_seed(opt.seed)
    result = {"train": train, "inference": inference, "latency": latency, "network": network, "block": block}[opt.work](opt)
    result.update(
        seconds_process=time.perf_counter() - STARTED, torch=torch.__version__, threads=torch.get_num_threads(),
        peak_rss_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        settings={name: os.environ[name] for name in SETTINGS if name in os.environ})
    print(json.dumps(result))


if __name__ == "__main__":
    main()
