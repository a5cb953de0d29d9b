"""Saves a classifier of torchvision, or of timm for timm/ARCH, with random weights,
and what it makes of random images: torchvision_peer.py ARCH SIZE FOLDER writes net.pt
and net.safetensors (its state dictionary) and run.npz (image, logits)."""
import sys

import numpy
import torch

import peers

arch, size, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.manual_seed(1)
torch.set_num_threads(1)
options = {"num_classes": 10}
if arch in ("googlenet", "inception_v3"):
    options.update(aux_logits=False, init_weights=False, transform_input=False)
if arch.startswith("timm/"):
    import timm

    net = timm.create_model(arch.removeprefix("timm/"), **options).eval()
else:
    import torchvision

    net = getattr(torchvision.models, arch)(**options).eval()
with torch.no_grad():
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.uniform_(-0.2, 0.2)
            m.running_var.uniform_(0.5, 1.5)
            m.weight.uniform_(0.8, 1.2)
            m.bias.uniform_(-0.1, 0.1)
    image = torch.rand(2, 3, size, size) * 2 - 1
    logits = net(image)
torch.save(net.state_dict(), folder + "/net.pt")
peers.write_safetensors(folder + "/net.safetensors", {name: t.numpy() for name, t in net.state_dict().items()})
numpy.savez(folder + "/run.npz", image=image.numpy(), logits=logits.numpy())
