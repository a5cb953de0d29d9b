"""Files as torch.save writes them, and what is in them.

    torch_files.py FOLDER [NAME...]

writes, for each case below or those named, NAME-zip.pt and NAME-old.pt (the
layout before PyTorch 1.6) and NAME.safetensors with the same numbers, row-major
as float32, integers left out; and files to refuse, refused-NAME-zip.pt. Without
names also the old layout of these, and pickle protocol 4 of the others.
"""

import argparse
import collections
import os
import sys

import numpy as np
import torch
from torch import nn

import peers


def net():
    torch.manual_seed(1)
    layers = collections.OrderedDict(
        conv1=nn.Conv2d(1, 2, 3), bn1=nn.BatchNorm2d(2), relu1=nn.ReLU(), flatten=nn.Flatten(), fc1=nn.Linear(8, 3))
    n = nn.Sequential(layers)
    n(torch.randn(4, 1, 4, 4))  # so that the batch statistics are not 0 and 1
    return n


def types():
    x = torch.tensor([0, 0.25, -0.5, 1, 1.5, 1e-7])
    return {"f4": x, "f2": x.half(), "bf16": x.bfloat16(), "f8": x.double(), "i8": x.long(), "i4": x.int(), "i2": x.short(),
            "i1": x.char(), "u1": x.byte(), "bool": x.bool(), "c8": x.to(torch.complex64)}


def views():
    a = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    h = torch.arange(6).half().reshape(2, 3)
    return {"a": a, "same": a, "whole": a.view(24), "turned": a.transpose(0, 2), "part": a[:, 1:], "steps": a[:, ::2, 1::2], "row": a[1, 2],
            "column": a[:, :, 3], "spread": a[0, 0, 1:2].expand(3, 1), "number": a[1, 1, 1], "half": h.t(), "empty": torch.zeros(0, 3),
            "last": torch.randn(2, 3, 2, 2).to(memory_format=torch.channels_last)}


def checkpoint():
    n = net()
    opt = torch.optim.Adam(n.parameters())
    n(torch.randn(4, 1, 4, 4)).sum().backward()
    opt.step()
    return {"epoch": 3, "arch": "net", "args": argparse.Namespace(lr=0.1), "best": np.float64(0.5), "optimizer": opt.state_dict(),
            "state_dict": n.state_dict(), "rng": torch.get_rng_state()[:8]}


def wrapped():
    return {"model": {"module." + k: v for k, v in net().state_dict().items()}}


def parameters():
    frozen = nn.Parameter(torch.tensor([1.0, 2.0]), requires_grad=False)
    named = nn.Parameter(torch.tensor([[3.0], [4.0]]))
    named.note = "attributes of a tensor are kept beside it"
    return {"frozen": frozen, "named": named, "buffer": torch.tensor(5.0)}


def state(v):
    """The weights in what a case saves."""
    v = v.get("state_dict", v.get("model", v))
    return {k.removeprefix("module."): t for k, t in v.items()}


CASES = {"plain": lambda: net().state_dict(), "types": types, "views": views, "checkpoint": checkpoint, "wrapped": wrapped, "parameters": parameters}

REFUSED = {
    "whole": net,
    "inner": lambda: {"model": net()},
    "quantised": lambda: {"a.weight": torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.qint8)},
    "sparse": lambda: {"a.weight": torch.eye(3).to_sparse()},
    "tensor": lambda: torch.ones(2),
    "list": lambda: [torch.ones(2)],
    "numbers": lambda: {"epoch": 3},
    "two": lambda: {"model": net().state_dict(), "state_dict": net().state_dict()},
    "infinite": lambda: {"a.weight": torch.tensor([1.0, float("inf")])},
}


def main(folder, *only):
    os.makedirs(folder, exist_ok=True)
    for name, make in CASES.items():
        if only and name not in only:
            continue
        v = make()
        torch.save(v, f"{folder}/{name}-zip.pt")
        torch.save(v, f"{folder}/{name}-old.pt", _use_new_zipfile_serialization=False)
        if not only:
            torch.save(v, f"{folder}/{name}-zip4.pt", pickle_protocol=4)
            torch.save(v, f"{folder}/{name}-old4.pt", pickle_protocol=4, _use_new_zipfile_serialization=False)
        floats = {k: t.detach().float().numpy() for k, t in state(v).items() if t.is_floating_point()}
        peers.write_safetensors(f"{folder}/{name}.safetensors", floats)
    for name, make in REFUSED.items():
        if only and name not in only:
            continue
        torch.save(make(), f"{folder}/refused-{name}-zip.pt")
        if not only:
            torch.save(make(), f"{folder}/refused-{name}-old.pt", _use_new_zipfile_serialization=False)
    if not only:
        torch.jit.script(net()).save(f"{folder}/refused-script-zip.pt")


main(*sys.argv[1:])
