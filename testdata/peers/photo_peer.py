"""Prepares photos as torchvision does: photo_peer.py RESIZE CROP FILTER OUT PHOTO...
writes the bytes of each, [3,H,W], one after the other."""
import sys

import PIL.Image
from torchvision import transforms

resize, crop, how, out = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
mode = transforms.InterpolationMode(how)
prepare = transforms.Compose([transforms.Resize(resize, mode), transforms.CenterCrop(crop), transforms.PILToTensor()])
with open(out, "wb") as f:
    for path in sys.argv[5:]:
        f.write(prepare(PIL.Image.open(path).convert("RGB")).numpy().tobytes())
