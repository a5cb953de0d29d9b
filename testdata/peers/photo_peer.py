"""Prepares photos as torchvision does: photo_peer.py OUT PREPARATIONS PHOTO...
writes the bytes of each photo, [3,H,W], one after the other, for each of the
preparations. These are RESIZE:CROP:FILTER, separated by commas; RESIZE is the
shorter side, or HxW for both."""
import sys

import PIL.Image
from torchvision import transforms

photos = [PIL.Image.open(path).convert("RGB") for path in sys.argv[3:]]
with open(sys.argv[1], "wb") as out:
    for preparation in sys.argv[2].split(","):
        sides, crop, how = preparation.split(":")
        sides = [int(side) for side in sides.split("x")]
        prepare = transforms.Compose([
            transforms.Resize(sides if len(sides) > 1 else sides[0], transforms.InterpolationMode(how)),
            transforms.CenterCrop(int(crop)), transforms.PILToTensor()])
        for photo in photos:
            out.write(prepare(photo).numpy().tobytes())
