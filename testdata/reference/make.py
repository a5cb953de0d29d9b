"""Writes reference.safetensors: what PyTorch makes of a small network on eight
real images. Every number is computed in float64 from float32 weights and
images, and rounded to float32. Needs torch and numpy (Debian: python3-torch).

    python3 make.py        in this folder; the same torch writes the same bytes

Tensors, in the layout of package model (kernels [out,in,kh,kw], dense [in,out]):

    images [8,1,28,28], logits [8,10], loss [1]
    weight.NAME             of every weight, conv1/W ... fc2/b
    gradient.NAME           of the loss towards the dense layers' weights
    losses [10]             before each of ten momentum steps on the dense
                            layers alone, always on these eight images
    after.fc2/W, after.fc2/b after the ten steps

The metadata holds spec, labels and the solver's constants as JSON, and the
version of torch.
"""

import gzip
import json
import struct

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

SPEC = {
    "input": [1, 28, 28],
    "layers": [
        {"name": "conv1", "kind": "conv", "out": 4, "kernel": 5, "stride": 1, "pad": 2},
        {"name": "relu1", "kind": "relu"},
        {"name": "pool1", "kind": "maxpool", "kernel": 2, "stride": 2},
        {"name": "conv2", "kind": "conv", "out": 8, "kernel": 5, "stride": 1, "pad": 2},
        {"name": "relu2", "kind": "relu"},
        {"name": "pool2", "kind": "maxpool", "kernel": 2, "stride": 2},
        {"name": "fc1", "kind": "dense", "out": 32},
        {"name": "relu3", "kind": "relu"},
        {"name": "fc2", "kind": "dense", "out": 10},
    ],
}
SOLVER = {"learning_rate": 0.02, "momentum": 0.9, "weight_decay": 0.01}
STEPS = 10
DIGITS = [3, 1, 4, 0, 5, 9, 2, 6]  # the first training image of each in dataset/sample


def sample(name, header):
    with gzip.open("../../dataset/sample/" + name) as f:
        return np.frombuffer(f.read(), np.uint8, offset=header)


def logits(x, w):
    """The network, in the words of torch."""
    x = F.max_pool2d(F.relu(F.conv2d(x, w["conv1/W"], w["conv1/b"], padding=2)), 2)
    x = F.max_pool2d(F.relu(F.conv2d(x, w["conv2/W"], w["conv2/b"], padding=2)), 2)
    x = F.relu(F.linear(x.flatten(1), w["fc1/W"], w["fc1/b"]))
    return F.linear(x, w["fc2/W"], w["fc2/b"])


def ours(name, t):
    """A copy in our layout: torch keeps dense weights as [out,in]."""
    a = t.detach().numpy().astype("<f4")
    return np.ascontiguousarray(a.T) if a.ndim == 2 and name.endswith("/W") else a.copy()


def write(path, tensors, metadata):
    header, data = {"__metadata__": metadata}, b""
    for name, a in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [len(data), len(data) + a.nbytes]}
        data += a.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def main():
    torch.manual_seed(1)
    torch.set_num_threads(1)
    labels = sample("train-labels-idx1-ubyte.gz", 8).tolist()
    pick = [labels.index(digit) for digit in DIGITS]
    pixels = sample("train-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28)[pick]
    images = ((pixels / 255.0 - 0.1307) / 0.3081).astype("<f4")

    w = {}
    for name, shape, fan_in in [("conv1", (4, 1, 5, 5), 25), ("conv2", (8, 4, 5, 5), 100), ("fc1", (32, 392), 392), ("fc2", (10, 32), 32)]:
        for part, size in [("/W", shape), ("/b", shape[:1])]:  # biases too are drawn: equal ones would hide a mix-up
            w[name + part] = (torch.randn(size) * (2 / fan_in) ** 0.5).double()
    out = {"images": images}
    out |= {"weight." + name: ours(name, v) for name, v in w.items()}

    trained = {name: w[name].requires_grad_() for name in w if name.startswith("fc")}
    decay = [v for name, v in trained.items() if name.endswith("/W")]
    plain = [v for name, v in trained.items() if name.endswith("/b")]
    solver = torch.optim.SGD(
        [{"params": decay, "weight_decay": SOLVER["weight_decay"]}, {"params": plain}],
        lr=SOLVER["learning_rate"], momentum=SOLVER["momentum"])
    x, y = torch.from_numpy(images).double(), torch.tensor(DIGITS)
    losses = []
    for step in range(STEPS):
        solver.zero_grad()
        z = logits(x, w)
        loss = nn.functional.cross_entropy(z, y)
        loss.backward()
        if step == 0:
            out |= {"logits": ours("", z), "loss": ours("", loss.reshape(1))}
            out |= {"gradient." + name: ours(name, v.grad) for name, v in trained.items()}
        losses.append(loss.item())
        solver.step()
    out["losses"] = np.array(losses, "<f4")
    out |= {"after." + name: ours(name, w[name]) for name in ["fc2/W", "fc2/b"]}
    write("reference.safetensors", out, {
        "format": "pt", "torch": torch.__version__, "spec": json.dumps(SPEC),
        "labels": json.dumps(DIGITS), "solver": json.dumps(SOLVER)})
    print(["%.6f" % v for v in losses])


main()
