"""Trains the last block of a torchvision ResNet-18, and fc, in evaluation mode:
block_peer.py SIZE IMAGES STEPS FOLDER writes before.pt and after.pt (state
dictionaries) and run.npz (images, labels, the loss before each step). Momentum
0.9, learning rate 0.01, no decay, one batch of all images."""
import sys

import numpy
import torch
import torchvision

size, count, steps, folder = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
torch.manual_seed(3)
torch.set_num_threads(1)
net = torchvision.models.resnet18(num_classes=5).eval()
with torch.no_grad():
    for m in net.modules():
        if isinstance(m, torch.nn.BatchNorm2d):
            m.running_mean.uniform_(-0.2, 0.2)
            m.running_var.uniform_(0.5, 1.5)
            m.weight.uniform_(0.8, 1.2)
            m.bias.uniform_(-0.1, 0.1)
torch.save(net.state_dict(), folder + "/before.pt")
images = torch.rand(count, 3, size, size) * 2 - 1
labels = torch.arange(count) % 5
trained = [p for name, p in net.named_parameters() if name.startswith(("layer4.1.", "fc."))]
solver = torch.optim.SGD(trained, lr=0.01, momentum=0.9)
losses = []
for _ in range(steps):
    solver.zero_grad()
    loss = torch.nn.functional.cross_entropy(net(images), labels)
    loss.backward()
    solver.step()
    losses.append(loss.item())
torch.save(net.state_dict(), folder + "/after.pt")
numpy.savez(folder + "/run.npz", images=images.numpy(), labels=labels.numpy().astype("float32"), losses=numpy.array(losses, dtype="float32"))
