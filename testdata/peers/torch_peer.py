"""PyTorch on the other side. SPEC is a network as our JSON, IMAGES an npz with
the network's inputs as "images" [N,C,H,W]; logits come out as "logits" [N,K].

    torch_peer.py run  SPEC IMAGES WEIGHTS LOGITS   load weights we exported, run
    torch_peer.py make SPEC IMAGES STEM             draw weights; write
        STEM.safetensors, STEM.npz and STEM.pt (a state_dict) and STEM-logits.npz
"""

import collections
import json
import sys

import numpy as np
import torch
from torch import nn

import peers


def build(spec):
    """The spec as torch modules, under the spec's names."""
    layers = collections.OrderedDict()
    shape = spec["input"]
    for l in spec["layers"]:
        kind = l["kind"]
        if kind == "conv":
            m = nn.Conv2d(shape[0], l["out"], l["kernel"], l["stride"], l.get("pad", 0))
        elif kind == "relu":
            m = nn.ReLU()
        elif kind == "maxpool":
            m = nn.MaxPool2d(l["kernel"], l["stride"])
        elif kind == "dropout":
            m = nn.Dropout(l["rate"])
        else:
            if len(shape) == 3:
                layers["flatten"] = nn.Flatten()
            m = nn.Linear(int(np.prod(shape)), l["out"])
        layers[l["name"]] = m
        shape = list(nn.Sequential(layers).eval()(torch.zeros(1, *spec["input"])).shape[1:])
    return nn.Sequential(layers).eval()


def logits(net, images):
    with torch.no_grad():
        return net(torch.from_numpy(images)).numpy()


def main(command, spec, images, *rest):
    torch.manual_seed(1)
    with open(spec) as f:
        net = build(json.load(f))
    images = np.load(images)["images"]
    if command == "run":
        weights, out = rest
        state = {k: torch.from_numpy(v.copy()) for k, v in peers.read_weights(weights).items()}
        net.load_state_dict(state, strict=True)
        np.savez(out, logits=logits(net, images))
    elif command == "make":
        (stem,) = rest
        state = {k: v.numpy() for k, v in net.state_dict().items()}
        peers.write_safetensors(stem + ".safetensors", state)
        np.savez(stem + ".npz", **state)
        torch.save(net.state_dict(), stem + ".pt")
        np.savez(stem + "-logits.npz", logits=logits(net, images))


main(*sys.argv[1:])
