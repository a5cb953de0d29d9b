"""The network as TensorFlow and Keras run it, in numpy alone: images
[N,H,W,C], kernels [kh,kw,in,out], flattened as [H,W,C]. SPEC and IMAGES are as
in torch_peer.py; IMAGES are turned to NHWC here.

    nhwc_peer.py run  SPEC IMAGES WEIGHTS LOGITS   load weights we exported, run
    nhwc_peer.py make SPEC IMAGES STEM             draw weights; write STEM.npz
        (conv1/kernel, conv1/bias) and STEM-logits.npz
    nhwc_peer.py kinds STEM                        write STEM.npz and
        STEM-compressed.npz, arrays of every kind that numpy writes
"""

import json
import sys

import numpy as np

import peers


def conv(x, kernel, bias, stride, pad):
    kh, kw = kernel.shape[:2]
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    return np.einsum("nhwcij,ijco->nhwo", windows, kernel) + bias


def maxpool(x, kernel, stride):
    return np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride].max((4, 5))


def run(spec, weights, images, draw=None):
    x = images.transpose(0, 2, 3, 1).astype(np.float64)
    for l in spec["layers"]:
        name, kind = l["name"], l["kind"]
        if kind in ("conv", "dense"):
            if kind == "dense":
                x = x.reshape(len(x), -1)
            if draw is not None:
                shape = (l["kernel"], l["kernel"], x.shape[3], l["out"]) if kind == "conv" else (x.shape[1], l["out"])
                weights[name + "/kernel"] = draw.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32)
                weights[name + "/bias"] = draw.normal(0, 0.1, l["out"]).astype(np.float32)
            kernel, bias = weights[name + "/kernel"], weights[name + "/bias"]
            x = conv(x, kernel, bias, l["stride"], l.get("pad", 0)) if kind == "conv" else x @ kernel + bias
        elif kind == "relu":
            x = np.maximum(x, 0)
        elif kind == "maxpool":
            x = maxpool(x, l["kernel"], l["stride"])
    return x.astype(np.float32)


def kinds(stem):
    a = np.array([[0, 0.25, -0.5], [1, 1.5, 1e-7]])
    b = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    arrays = {
        "f4": a.astype("<f4"), "f8": a, "f2": a.astype("<f2"),  # 1e-7 is subnormal as a half
        "big4": a.astype(">f4"), "big8": a.astype(">f8"), "big2": a.astype(">f2"),
        "fortran2": np.asfortranarray(a.astype("<f4")), "fortran3": np.asfortranarray(b), "c3": b,
        "scalar": np.float32(3.5), "vector": b[0, 0], "int": np.int64([1, 2]), "text": np.array(["a"]), "bool": np.array([True]),
    }
    np.savez(stem + ".npz", **arrays)
    np.savez_compressed(stem + "-compressed.npz", **arrays)


def main(command, *args):
    if command == "kinds":
        return kinds(*args)
    with open(args[0]) as f:
        spec = json.load(f)
    images = np.load(args[1])["images"]
    if command == "run":
        np.savez(args[3], logits=run(spec, peers.read_weights(args[2]), images))
    elif command == "make":
        weights = {}
        logits = run(spec, weights, images, draw=np.random.default_rng(1))
        np.savez(args[2] + ".npz", **weights)
        np.savez(args[2] + "-logits.npz", logits=logits)


main(*sys.argv[1:])
