"""Exports torchvision's networks as ONNX, with their answers.

    export_peer.py FOLDER SIZE OPSETS NETWORK...

Weights are random, batch statistics drawn so that they matter. Each network is
written as FOLDER/NETWORK-OPSET-folded.onnx and -plain.onnx, without and with its
batch normalisation, and two images and their logits as NETWORK-x and NETWORK-y,
raw little-endian float32. Needs torch and torchvision (Debian:
python3-torchvision).
"""

import os
import sys
import warnings

import torch
import torchvision

warnings.filterwarnings("ignore")


def lively(net):
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.uniform_(-0.1, 0.1)
            m.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(m.weight, 0.5, 1.5)
            torch.nn.init.uniform_(m.bias, -0.2, 0.2)


def main(folder, size, opsets, *networks):
    for name in networks:
        torch.manual_seed(1)
        options = {}
        if name in ("googlenet", "inception_v3"):
            options = {"aux_logits": False, "init_weights": False, "transform_input": True}
        net = getattr(torchvision.models, name)(**options).eval()
        lively(net)
        x = torch.randn(2, 3, int(size), int(size))
        with torch.no_grad():
            y = net(x)
        for what, values in (("x", x), ("y", y)):
            values.numpy().astype("<f4").tofile(os.path.join(folder, f"{name}-{what}"))
        for opset in opsets.split(","):
            for kind, how in (
                ("folded", {}),
                ("plain", {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}),
            ):
                torch.onnx.export(
                    net, x, os.path.join(folder, f"{name}-{opset}-{kind}.onnx"), opset_version=int(opset),
                    input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "N"}, "y": {0: "N"}}, **how,
                )


main(*sys.argv[1:])
